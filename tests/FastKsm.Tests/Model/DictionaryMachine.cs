using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Model;

/// <summary>A machine as a dictionary of pages, driven beside the real one; the two must show the same.</summary>
/// <remarks>
/// It knows nothing of frames, VMAs or page tables. Where the outcome depends on how pages are grouped into VMAs (mremap
/// demands one VMA), it checks what must hold either way and follows the real machine.
/// </remarks>
internal sealed partial class DictionaryMachine : IDisposable
{
    /// <summary>Pages that scripts play with.</summary>
    internal const int Pages = 96;

    private const ulong FirstPage = 500; // So that the play crosses the border between two page-table leaves.
    private const ulong PageSize = 4096;

    // A block of its own, where huge pages may be: most operations go elsewhere, for it has many pages to compare.
    private const ulong FirstHugePage = 4096;
    private const int HugePages = 512;
    private const int MaxProcesses = 6;
    private const int CommonValues = 80; // Of the values that an operation can bear, those that stand for common contents.

    private static readonly Advice[] s_flagAdvice =
    [
        Advice.DontFork, Advice.DoFork, Advice.DoFork, Advice.WipeOnFork, Advice.KeepOnFork, Advice.KeepOnFork,
        Advice.DontDump, Advice.DoDump, Advice.Free, Advice.Cold, Advice.PopulateRead, Advice.PopulateWrite,
        Advice.Sequential, Advice.Normal,
    ];

    private static readonly Protection[] s_mapProtections =
    [
        Protection.Read | Protection.Write, Protection.Read | Protection.Write, Protection.Read | Protection.Write,
        Protection.Read | Protection.Write, Protection.Read, Protection.None,
    ];

    private static readonly Protection[] s_protections =
    [
        Protection.Read | Protection.Write, Protection.Read | Protection.Write, Protection.Read, Protection.None,
        Protection.Execute | Protection.Write,
    ];

    private readonly Machine _machine;
    private readonly List<Running> _running = [];
    private readonly List<Loan> _loans = [];
    private readonly byte[] _content = new byte[PageSize];
    private readonly ModelClock _clock = new();
    private readonly Action<string>? _log;
    private int _origins;
    private int _names;
    private ulong _stamp = 1 << 20; // Far from the few values that pages have in common.

    /// <param name="frames">Page frames.</param>
    /// <param name="index">How equal pages are found.</param>
    /// <param name="zeroFrames">Whether reads, and huge pages that are taken apart, come by zero frames.</param>
    /// <param name="log">Takes a line for each operation; null for none.</param>
    internal DictionaryMachine(long frames, MergeIndexKind index, bool zeroFrames = true, Action<string>? log = null)
    {
        _log = log;
        _machine = new Machine(new MachineOptions
        {
            Frames = frames,
            Cpus = 3,
            Nodes = 2,
            ZeroPageColours = index == MergeIndexKind.Fingerprint ? 4 : 1,
            ZeroFrameReads = zeroFrames,
            ZeroFrameSplits = zeroFrames,
            Index = index,
            ModelTime = _clock,
        });
        _running.Add(new Running(_machine.Spawn(), _names++));
        Knob("run", 1);
        Knob("pages_to_scan", Unlimited);
    }

    /// <summary>A mistake to make on purpose, to see that it is found.</summary>
    internal ModelFlaw Flaw { get; init; }

    /// <summary>Operations that ran out of frames, for tests that want some to.</summary>
    internal int Exhaustions { get; private set; }

    /// <summary>Operations of each kind that did what they were asked.</summary>
    internal Dictionary<ModelOpKind, int> Successes { get; } = [];

    /// <summary>Operations that were refused, as they had to be.</summary>
    internal int Refusals { get; private set; }

    /// <summary>Operations performed, whatever came of them.</summary>
    internal int Operations { get; private set; }

    public void Dispose() => _machine.Dispose();

    /// <summary>Performs an operation on both and compares what it says.</summary>
    internal void Perform(in ModelOp op)
    {
        Running running = _running[op.Process % _running.Count];
        (ulong page, ulong end) = Aim(op, running);
        Operations++;
        try
        {
            int refusals = Refusals;
            Perform(op, running, page, end);
            Successes[op.Kind] = Successes.GetValueOrDefault(op.Kind) + (Refusals == refusals ? 1 : 0);
        }
        catch (OutOfFramesException)
        {
            // Allowed at any time; whether anything that can be read has changed is for Compare to see.
            _log?.Invoke("  ran out of frames");
            Exhaustions++;
        }
    }

    /// <summary>Compares every page of every process, and lets the machine check itself.</summary>
    internal void Compare()
    {
        _machine.Validate();
        foreach (Running running in _running)
        {
            foreach ((ulong page, DictionaryPage expected) in running.Pages)
            {
                running.Process.Peek(page * PageSize, _content);
                ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(_content);
                Assert.True(
                    words[0] == expected.Value && words[^1] == expected.Value && !words[1..^1].ContainsAnyExcept(0UL),
                    $"Page {page} of {running} holds {words[0]}…{words[^1]} instead of {expected.Value}.");
                if (!_machine.Options.ZeroFrameReads && running.Process.Space.Translate(page) is { IsZeroFrame: true, IsDirty: false })
                {
                    Assert.Fail($"Page {page} of {running} maps a zero frame, and the merger has not put it there.");
                }
            }

            Assert.Equal((ulong)running.Pages.Count * PageSize, running.Process.MappedBytes);
            Assert.Equal((ulong)running.Pages.Values.Count(page => page.Locked) * PageSize, running.Process.LockedBytes);
        }

        foreach (Loan loan in _loans.Where(loan => loan.Binding))
        {
            Assert.Equal(loan.Pin.Frame, loan.Owner.Process.FrameAt(loan.Page * PageSize));
        }

        CompareMerging();
    }

    /// <summary>Ends everything and checks that nothing is left.</summary>
    internal void Finish(long frames)
    {
        foreach (Running running in _running)
        {
            running.Process.Exit();
        }

        _loans.ForEach(loan => loan.Pin.Dispose());
        _machine.BringOnline(0);
        _machine.BringOnline(1);
        _machine.Validate();
        Knob("run", 0);
        Knob("run", 2);
        _machine.Validate();
        Assert.Equal(frames, _machine.FreeFrames);
        Assert.Equal(0, _machine.Store.UsedBytes);
    }

    private static ulong Bytes(ulong start, ulong end) => (end - start) * PageSize;

    private void Perform(in ModelOp op, Running running, ulong page, ulong end)
    {
        _log?.Invoke($"{op.Kind} {running}[{page}..{end - 1}] {Detail(op)}");
        switch (op.Kind)
        {
            case ModelOpKind.Write:
                Write(running, page, ValueFor(op), forced: false);
                break;
            case ModelOpKind.ForceWrite:
                Write(running, page, ValueFor(op), forced: true);
                break;
            case ModelOpKind.WriteAcross:
                WriteAcross(running, page, ValueFor(op));
                break;
            case ModelOpKind.Read:
                Read(running, page);
                break;
            case ModelOpKind.Map or ModelOpKind.MapAnywhere:
                Map(op, running, page, end);
                break;
            case ModelOpKind.Unmap:
                running.Process.Unmap(page * PageSize, Bytes(page, end));
                Drop(running, page, end);
                break;
            case ModelOpKind.Protect:
                Protect(op, running, page, end);
                break;
            case ModelOpKind.Advise:
                AdviseAll(running, page, end, s_flagAdvice[op.Choice % s_flagAdvice.Length]);
                break;
            case ModelOpKind.DontNeed:
                AdviseAll(running, page, end, Advice.DontNeed);
                break;
            case ModelOpKind.Lock or ModelOpKind.Unlock:
                Lock(running, page, end, op.Kind == ModelOpKind.Lock);
                break;
            case ModelOpKind.RemapInPlace or ModelOpKind.RemapFixed:
                Remap(op, running, page, end);
                break;
            case ModelOpKind.Fork when _running.Count < MaxProcesses:
                bool registered = _machine.Merger.Registered.Contains(running.Process.Space);
                long inherited = ZeroFramesOf(running) + running.ZeroFramesNotMapped;
                Running child = new(running.Process.Fork(), _names++) { MergesAnything = running.MergesAnything };
                foreach ((ulong at, DictionaryPage parent) in running.Pages.Where(entry => !entry.Value.DontFork))
                {
                    child.Pages.Add(at, parent.Copy(forked: Flaw != ModelFlaw.NothingIsWipedOnFork));
                }

                InheritZeroFrames(child, inherited, registered);
                _running.Add(child);
                break;
            case ModelOpKind.Exit when _running.Count > 1:
                running.Process.Exit();
                LeaveZeroFrames(running);
                Release(running, 0, ulong.MaxValue);
                _ = _running.Remove(running);
                break;
            case ModelOpKind.Exec:
                running.Process.Exec();
                LeaveZeroFrames(running);
                Drop(running, 0, ulong.MaxValue);
                break;
            case ModelOpKind.Pin:
                Pin(op, running, page);
                break;
            case ModelOpKind.Unpin when _loans.Count > 0:
                Loan loan = _loans[op.Choice % _loans.Count];
                _ = _loans.Remove(loan);
                loan.Pin.Dispose();
                break;
            case ModelOpKind.MergeAny:
                MergeAnything(running, op.Choice % 3 != 0);
                break;
            case ModelOpKind.MapHuge:
                MapHuge(op, running);
                break;
            case ModelOpKind.Migrate:
                Migrate(op, running, page, end);
                break;
            case ModelOpKind.Offer:
                AdviseAll(running, page, end, Advice.Free);
                break;
            case ModelOpKind.PageOut:
                PageOut(op, running, page, end);
                break;
            case ModelOpKind.Offline:
                TakeNodeAway(op);
                break;
            case ModelOpKind.SwitchCpu:
                running.Process.MoveTo(_machine.Cpus[op.Choice % _machine.Cpus.Count]);
                break;
            default:
                PerformMerging(op, running, page, end);
                break;
        }
    }

    // For the reader of a script that fails.
    private string Detail(in ModelOp op) => op.Kind switch
    {
        ModelOpKind.Write or ModelOpKind.WriteAcross or ModelOpKind.ForceWrite => op.Other < CommonValues ? $"{ValueFor(op)}" : "unique",
        ModelOpKind.Map or ModelOpKind.MapAnywhere => $"{s_mapProtections[op.Choice % s_mapProtections.Length]}{(op.Choice % 7) switch { 0 => " shared", 1 => " file", _ => "" }}",
        ModelOpKind.Protect => $"{s_protections[op.Choice % s_protections.Length]}",
        ModelOpKind.Advise => $"{s_flagAdvice[op.Choice % s_flagAdvice.Length]}",
        ModelOpKind.Pin => $"{(PinKind)(op.Choice % 3)}",
        _ => $"choice {op.Choice} other {op.Other}",
    };

    // Seven of eight operations go where they have something to do; the others find out what is refused.
    private static (ulong Page, ulong End) Aim(in ModelOp op, Running running)
    {
        (ulong first, int count) = running.Pages.ContainsKey(FirstHugePage + (ulong)op.Page) && op.Choice / 3 % 5 == 0
            ? (FirstHugePage, HugePages)
            : (FirstPage, Pages);
        ulong page = first + ((ulong)op.Page * (ulong)count / Pages);
        ulong end = Math.Min(page + (ulong)op.Pages, first + (ulong)count);
        Func<DictionaryPage, bool>? suits = op.Kind switch
        {
            ModelOpKind.Write or ModelOpKind.WriteAcross => entry => entry.MayWrite,
            ModelOpKind.ForceWrite => entry => entry.Shared is null || entry.MayWrite,
            ModelOpKind.Read or ModelOpKind.Lock => entry => entry.MayRead,
            ModelOpKind.Pin when op.Choice % 3 == (int)PinKind.Write => entry => entry.MayWrite,
            ModelOpKind.Pin => entry => entry.MayBeReadByOthers,
            ModelOpKind.DontNeed => entry => !entry.Locked,
            ModelOpKind.Offer => entry => entry is { Locked: false, FileBacked: false, Shared: null, Value: not 0 },
            ModelOpKind.PageOut when op.Choice % 4 == 0 => entry => entry.MayBeDropped,
            ModelOpKind.Advise => s_flagAdvice[op.Choice % s_flagAdvice.Length] switch
            {
                Advice.Free or Advice.Cold => entry => entry is { Locked: false, FileBacked: false, Shared: null },
                Advice.WipeOnFork => entry => entry is { FileBacked: false, Shared: null },
                Advice.PopulateRead => entry => entry.MayBeReadByOthers,
                Advice.PopulateWrite => entry => entry.MayWrite,
                _ => _ => true,
            },
            ModelOpKind.Protect or ModelOpKind.Unlock or ModelOpKind.Migrate or ModelOpKind.PageOut or ModelOpKind.Mergeable or ModelOpKind.Unmergeable
                or ModelOpKind.RemapInPlace or ModelOpKind.RemapFixed => _ => true,
            _ => null,
        };
        if (suits is null || op.Other % 8 == 0)
        {
            return (page, end);
        }

        for (ulong i = 0; i < (ulong)count; i++)
        {
            ulong at = first + ((page - first + i) % (ulong)count);
            if (running.Pages.TryGetValue(at, out DictionaryPage? entry) && suits(entry))
            {
                ulong stop = at + 1;
                ulong limit = Math.Min(at + (ulong)op.Pages, first + (ulong)count);
                while (stop < limit && running.Pages.TryGetValue(stop, out DictionaryPage? next) && suits(next)
                    && (op.Kind is not (ModelOpKind.RemapInPlace or ModelOpKind.RemapFixed) || next.Origin == entry.Origin))
                {
                    stop++;
                }

                return (at, stop);
            }
        }

        return (page, end);
    }

    // Mostly one of a few that pages have in common, 0 among them: such a page is all zeroes.
    private ulong ValueFor(in ModelOp op) => op.Other < CommonValues ? (ulong)op.Other % 8 : _stamp++;

    // Nothing was there to do.
    private void Idle() => Refusals++;

    private void Drop(Running running, ulong page, ulong end)
    {
        Release(running, page, end);
        foreach (ulong gone in running.Pages.Keys.Where(key => key >= page && key < end).ToArray())
        {
            _ = running.Pages.Remove(gone);
        }
    }

    // Pages of a range lose their frames; loans of them bind nobody any more.
    private void Release(Running running, ulong page, ulong end)
    {
        foreach (Loan loan in _loans.Where(loan => loan.Owner == running && loan.Page >= page && loan.Page < end))
        {
            loan.Binding = false;
        }
    }

    private sealed class Running(ModelProcess process, int name)
    {
        internal ModelProcess Process { get; } = process;

        internal bool MergesAnything { get; set; }

        /// <summary>Zero frames placed by the merger that it counts and does not map: its parent's, which it did not get.</summary>
        internal long ZeroFramesNotMapped { get; set; }

        internal SortedDictionary<ulong, DictionaryPage> Pages { get; } = [];

        public override string ToString() => $"p{name}";
    }

    private sealed class Loan(FramePin pin, Running owner, ulong page, bool binding)
    {
        internal FramePin Pin { get; } = pin;

        internal Running Owner { get; } = owner;

        internal ulong Page { get; } = page;

        internal bool Binding { get; set; } = binding;
    }
}
