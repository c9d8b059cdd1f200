using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Model;

/// <content>The operations, each on the machine and on the dictionary.</content>
internal sealed partial class DictionaryMachine
{
    private void Write(Running running, ulong page, ulong value, bool forced)
    {
        _ = running.Pages.TryGetValue(page, out DictionaryPage? entry);
        bool allowed = entry is not null && (entry.MayWrite || (forced && entry.Shared is null));
        byte[] bytes = BitConverter.GetBytes(value);
        Cpu cpu = running.Process.On();
        void Store()
        {
            ulong last = ((page + 1) * PageSize) - 8;
            if (forced)
            {
                cpu.ForceWrite(running.Process, page * PageSize, bytes);
                cpu.ForceWrite(running.Process, last, bytes);
            }
            else
            {
                cpu.Write(running.Process, page * PageSize, bytes);
                cpu.Write(running.Process, last, bytes);
            }
        }

        if (allowed)
        {
            Store();
            (entry!.Value, entry.MayBeDropped) = (value, false);
        }
        else
        {
            Assert.Equal(entry is not null, Refused<SegmentationFaultException>(Store).IsMapped);
            Refusals++;
        }
    }

    // The last word of one page and the first of the next, in one write: both change or none.
    private void WriteAcross(Running running, ulong page, ulong value)
    {
        bool allowed = running.Pages.TryGetValue(page, out DictionaryPage? first) && first.MayWrite
            && running.Pages.TryGetValue(page + 1, out DictionaryPage? second) && second.MayWrite;
        ulong[] words = [value, value];
        void Store() => running.Process.On().Write(
            running.Process, ((page + 1) * PageSize) - 8, MemoryMarshal.AsBytes<ulong>(words));
        if (!allowed)
        {
            _ = Refused<SegmentationFaultException>(Store);
            Refusals++;
            return;
        }

        Store();
        Write(running, page, value, forced: false);
        Write(running, page + 1, value, forced: false);
    }

    private void Read(Running running, ulong page)
    {
        _ = running.Pages.TryGetValue(page, out DictionaryPage? entry);
        void Load() => running.Process.On().Read(page * PageSize, _content);
        if (entry is { MayRead: true })
        {
            Load();
            Assert.Equal(entry.Value, BitConverter.ToUInt64(_content));
        }
        else
        {
            Assert.Equal(entry is not null, Refused<SegmentationFaultException>(Load).IsMapped);
            Refusals++;
        }
    }

    private void Map(in ModelOp op, Running running, ulong page, ulong end)
    {
        Protection protection = s_mapProtections[op.Choice % s_mapProtections.Length];
        bool shared = op.Choice % 7 == 0;
        bool fileBacked = op.Choice % 7 == 1;
        bool anywhere = op.Kind == ModelOpKind.MapAnywhere;
        ulong address = running.Process.Map(Bytes(page, end), new MapOptions
        {
            Protection = protection,
            Shared = shared,
            FileBacked = fileBacked,
            At = anywhere ? null : page * PageSize,
            Node = op.Choice % 5 == 0 ? op.Choice % 2 : null,
        });
        ulong start = address / PageSize;
        Assert.True(anywhere ? Enumerable.Range(0, (int)(end - page)).All(i => !running.Pages.ContainsKey(start + (ulong)i))
            : start == page);
        Drop(running, start, start + (end - page));
        Dictionary<ulong, ulong>? backing = shared ? [] : null;
        int origin = shared || fileBacked ? ++_origins : 0;
        for (ulong i = 0; i < end - page; i++)
        {
            running.Pages.Add(start + i, new DictionaryPage
            {
                Protection = protection,
                Shared = backing,
                FileBacked = fileBacked,
                Index = i,
                Origin = origin,
                Mergeable = running.MergesAnything && !shared,
            });
        }
    }

    private void Protect(in ModelOp op, Running running, ulong page, ulong end)
    {
        Protection protection = s_protections[op.Choice % s_protections.Length];
        ulong hole = page;
        while (hole < end && running.Pages.ContainsKey(hole))
        {
            running.Pages[hole].Protection = protection;
            hole++;
        }

        Expect(hole < end ? Errno.NoMemory : Errno.None, () => running.Process.Protect(page * PageSize, Bytes(page, end), protection));
    }

    private void AdviseAll(Running running, ulong page, ulong end, Advice advice)
    {
        Errno expected = ExpectAdvice(running, page, end, advice, out List<ulong> pages);
        List<DictionaryPage> reached = [.. pages.Select(at => running.Pages[at])];
        ulong at = pages.Count == 0 ? page : pages[^1] + 1;
        Dictionary<ulong, Pte> before = advice == Advice.Free ? pages.ToDictionary(freed => freed, running.Process.Space.Translate) : [];
        try
        {
            Expect(expected, () => running.Process.Advise(page * PageSize, Bytes(page, end), advice));
        }
        catch (OutOfFramesException) when (advice == Advice.Unmergeable && end - page > 1)
        {
            // Mapping after mapping: the first ones may be done. Page by page, each is or is not.
            for (at = page; at < end; at++)
            {
                try
                {
                    AdviseAll(running, at, at + 1, advice);
                }
                catch (OutOfFramesException)
                {
                    // It stays mergeable.
                }
            }

            throw;
        }

        if (advice == Advice.DontNeed)
        {
            Release(running, page, at);
        }
        else if (advice == Advice.Free)
        {
            Offer(running, before);
        }

        foreach (DictionaryPage entry in reached)
        {
            entry.DontFork = advice == Advice.DontFork || (entry.DontFork && advice != Advice.DoFork);
            entry.WipeOnFork = advice == Advice.WipeOnFork || (entry.WipeOnFork && advice != Advice.KeepOnFork);
            entry.Mergeable = (advice == Advice.Mergeable && entry.Shared is null)
                || (entry.Mergeable && advice != Advice.Unmergeable);
            if (advice == Advice.DontNeed && entry.Shared is null)
            {
                (entry.Value, entry.MayBeDropped) = (0, false);
            }
        }
    }

    // What advice about a range is answered, and the pages that it concerns before it stops: holes are passed, by most.
    private static Errno ExpectAdvice(Running running, ulong page, ulong end, Advice advice, out List<ulong> reached)
    {
        Errno expected = Errno.None;
        reached = [];
        for (ulong at = page; at < end; at++)
        {
            if (!running.Pages.TryGetValue(at, out DictionaryPage? entry))
            {
                expected = Errno.NoMemory;
                if (advice is Advice.PopulateRead or Advice.PopulateWrite)
                {
                    break;
                }

                continue;
            }

            bool refused = advice switch
            {
                Advice.DontNeed or Advice.Cold or Advice.PageOut => entry.Locked,
                Advice.Free => entry.Locked || entry.FileBacked || entry.Shared is not null,
                Advice.WipeOnFork => entry.FileBacked || entry.Shared is not null,
                Advice.PopulateRead => !entry.MayBeReadByOthers,
                Advice.PopulateWrite => !entry.MayWrite,
                _ => false,
            };
            if (refused)
            {
                return Errno.Invalid;
            }

            reached.Add(at);
        }

        return expected;
    }

    private void Lock(Running running, ulong page, ulong end, bool locked)
    {
        ulong hole = page;
        bool unreachable = false;
        while (hole < end && running.Pages.TryGetValue(hole, out DictionaryPage? entry))
        {
            entry.Locked = locked;
            unreachable |= locked && !entry.MayRead;
            hole++;
        }

        Expect(
            hole < end || unreachable ? Errno.NoMemory : Errno.None,
            () =>
            {
                if (locked)
                {
                    running.Process.Lock(page * PageSize, Bytes(page, end));
                }
                else
                {
                    running.Process.Unlock(page * PageSize, Bytes(page, end));
                }
            });
    }

    private void Pin(in ModelOp op, Running running, ulong page)
    {
        PinKind kind = (PinKind)(op.Choice % 3);
        _ = running.Pages.TryGetValue(page, out DictionaryPage? entry);
        bool allowed = entry is not null && (kind == PinKind.Write ? entry.MayWrite : entry.MayRead);
        FramePin Borrow() => running.Process.Pin(page * PageSize, kind);
        if (allowed && kind != PinKind.Write && !entry!.MayBeReadByOthers && !MayBeLentAsItIs(running, page, kind))
        {
            allowed = false;
        }

        if (!allowed)
        {
            _ = Refused<SegmentationFaultException>(() => _ = Borrow());
            Refusals++;
            return;
        }

        FramePin pin = Borrow();

        // A page that is the owner's alone, or that all share, stays in its frame for as long as it is pinned.
        bool binding = pin.Frame.IsSome && kind != PinKind.Reference && !(kind == PinKind.Read && entry!.FileBacked);
        _loans.Add(new Loan(pin, running, page, binding));
    }

    // A write-only page is lent to a reader only if it is there, and for longer than a reference only if it is nobody else's.
    private bool MayBeLentAsItIs(Running running, ulong page, PinKind kind)
    {
        ulong address = page * PageSize;
        Pfn frame = running.Process.FrameAt(address);
        return frame.IsSome && !running.Process.IsZeroFrameAt(address)
            && (kind == PinKind.Reference || !running.Process.IsAnonymousAt(address)
                || _machine.Store.Frames[frame].Has(FrameFlags.Exclusive));
    }

    // Memory may run out before the machine comes to the reason for which it refuses.
    private static T Refused<T>(Action action)
        where T : Exception
    {
        Exception? thrown = Record.Exception(action);
        return thrown is OutOfFramesException exhausted
            ? throw new OutOfFramesException("Ran out first.", exhausted)
            : Assert.IsType<T>(thrown);
    }

    private void Expect(Errno expected, Action action)
    {
        if (expected == Errno.None)
        {
            action();
        }
        else
        {
            Assert.Equal(expected, Refused<MemoryOperationException>(action).Error);
            Refusals++;
        }
    }
}
