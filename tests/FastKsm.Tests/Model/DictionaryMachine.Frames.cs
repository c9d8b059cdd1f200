using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Model;

/// <content>Huge pages, and frames that move: nothing that can be read changes.</content>
internal sealed partial class DictionaryMachine
{
    /// <summary>Huge pages seen to be mapped as a whole after an operation that may make one.</summary>
    internal int HugePagesMapped { get; private set; }

    /// <summary>Merged frames that a move has taken elsewhere.</summary>
    internal int MergedFramesMoved { get; private set; }

    /// <summary>Nodes taken away with everything on them.</summary>
    internal int NodesTakenAway { get; private set; }

    /// <summary>Huge pages taken apart so that their pages could merge.</summary>
    internal long HugePagesSplit => Ksm.Statistics.HugePagesSplit;

    // The whole block anew, touched once: by writing, which makes a huge page where 512 frames in a row are free, or by reading.
    private void MapHuge(in ModelOp op, Running running)
    {
        if (_running.Count(other => other != running && other.Pages.ContainsKey(FirstHugePage)) > 1)
        {
            Idle();
            return;
        }

        _ = running.Process.Map(HugePages * PageSize, new MapOptions { At = FirstHugePage * PageSize, HugePages = true });
        Drop(running, FirstHugePage, FirstHugePage + HugePages);
        for (ulong i = 0; i < HugePages; i++)
        {
            running.Pages.Add(FirstHugePage + i, new DictionaryPage
            {
                Protection = Protection.Read | Protection.Write,
                Mergeable = running.MergesAnything,
            });
        }

        ulong page = FirstHugePage + ((ulong)op.Page * HugePages / Pages);
        if (op.Choice % 4 == 0)
        {
            Read(running, page);
        }
        else
        {
            // Written in one place, then the others are zeroes; or all over, by one value, different ones, or some that others have too.
            bool everywhere = op.Choice % 4 != 1;
            for (int i = 0; i < (everywhere ? HugePages : 1); i++)
            {
                ulong value = (op.Other % 3) switch
                {
                    0 => ValueFor(op),
                    1 => _stamp++,
                    _ => i % 16 == op.Choice / 4 % 16 ? 1 + ((ulong)i / 16 % 7) : _stamp++,
                };
                Write(running, everywhere ? FirstHugePage + (ulong)i : page, value, forced: false);
            }
        }

        if (op.Choice % 3 != 0)
        {
            AdviseAll(running, FirstHugePage, FirstHugePage + HugePages, Advice.Mergeable);
        }

        HugePagesMapped += running.Process.UsageOf(FirstHugePage * PageSize, HugePages * PageSize).AnonHugePages != 0 ? 1 : 0;
    }

    private void Migrate(in ModelOp op, Running running, ulong page, ulong end)
    {
        int? node = op.Choice % 3 == 2 ? null : op.Choice % 3;
        if (node is { } number && _machine.Store.Frames.Allocator.IsClosed(number))
        {
            node = null;
        }

        if (!Enumerable.Range(0, (int)(end - page)).Any(i => running.Pages.ContainsKey(page + (ulong)i)))
        {
            Idle();
            return;
        }

        Place[] places = PlacesNow();
        Target[] targets = TargetsOf(running, page, end, places);
        long moved = running.Process.Migrate(page * PageSize, Bytes(page, end), node);
        HashSet<Pfn> asked = [.. targets.Select(target => target.Frame)];
        Assert.All(places.Where(place => !asked.Contains(place.Frame)), place => Assert.True(IsUnmoved(place)));
        foreach (Target target in targets)
        {
            CompareMoved(target, node);
        }

        Assert.True(targets.Any(target => target.IsHuge) || moved == targets.Count(HasMoved));
        MergedFramesMoved += targets.Count(target => target.IsMerged && HasMoved(target));
    }

    private static bool HasMoved(Target target) => target.Places.Any(place =>
        FrameOf(place.Running, place.Page) is { IsSome: true } frame && frame != target.Frame);

    // So many are free that some are on every node that is there.
    private const long FramesOfPlenty = 4000;

    // All that mapped the frame map another one, in the same way, or all map the same.
    private void CompareMoved(Target target, int? node)
    {
        // A page of zeroes of a huge page that is taken apart has no frame any more.
        Place[] places = [.. target.Places.Where(place => !(target.IsHuge && place.Running.Process.IsZeroFrameAt(place.Page * PageSize)))];
        Assert.All(target.Places.Except(places), place => Assert.Equal(0UL, place.Entry.Value));
        if (places.Length == 0)
        {
            return;
        }

        Pfn now = FrameOf(places[0].Running, places[0].Page);
        FrameRecord record = _machine.Store.Frames[now];
        Assert.True(now.IsSome);
        Assert.All(places, place =>
        {
            Pte pte = place.Running.Process.Space.Translate(place.Page);
            Assert.Equal(target.IsHuge ? pte.WithFrame(now) : place.Pte.WithFrame(now), pte);
        });
        FrameLayout layout = _machine.Store.Frames.Layout;
        bool moved = now != target.Frame;
        bool mustMove = target.IsReachable && !target.IsLent && layout.NodeOf(target.Frame.Number) != node;
        Assert.Equal(target.IsMerged, record.Has(FrameFlags.Ksm));
        Assert.True(!moved || !target.IsLent, "Somebody has borrowed the frame.");
        Assert.True(moved || !mustMove, $"Frame {target.Frame} stays for no reason.");
        Assert.True(!moved || node is null || layout.NodeOf(now.Number) == node || _machine.FreeFrames < FramesOfPlenty, "It is on another node.");
        if (!target.IsHuge)
        {
            // What a PTE knew to be dirty the frame knows from now on.
            Assert.Equal(target.Flags | FrameFlags.Dirty, record.Flags | FrameFlags.Dirty);
            Assert.Equal(target.Filed, FiledUnder(now));
            Assert.Equal(places.Length, record.MapCount);
        }
    }

    private void TakeNodeAway(in ModelOp op)
    {
        int node = op.Choice % 2;
        FrameAllocator allocator = _machine.Store.Frames.Allocator;
        if (allocator.IsClosed(node))
        {
            _machine.BringOnline(node);
            return;
        }

        bool last = allocator.OpenNodes == 1;
        Exception? refusal = Record.Exception(() => _machine.TakeOffline(node));
        if (refusal is not null)
        {
            Assert.Equal(Errno.Busy, Assert.IsType<MemoryOperationException>(refusal).Error);
            Idle();
            return;
        }

        Assert.False(last, "The last node is never taken away.");
        Assert.DoesNotContain(AllPages(), entry => FrameOf(entry.Running, entry.Page) is { IsSome: true } frame
            && _machine.Store.Frames.Layout.NodeOf(frame.Number) == node);
        NodesTakenAway++;
    }

    // Equal contents of two nodes stay apart, or do not.
    private void KeepNodesApart(bool across)
    {
        bool same = KnobOf("merge_across_nodes") == (across ? 1 : 0);
        bool merged = Ksm.Counters.PagesShared != 0 || AllPages().Any(entry => IsInIndex(entry.Running, entry.Page));
        Expect(same || !merged ? Errno.None : Errno.Busy, () => Knob("merge_across_nodes", across ? 1 : 0));
    }
}
