using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Model;

/// <content>What merging adds: operations, and what must hold of counters and frames at any time.</content>
internal sealed partial class DictionaryMachine
{
    private const int Unlimited = int.MaxValue;
    private const long RmapItemBytes = 64;

    private static readonly int[] s_limitsOfSharing = [2, 3, 4, 5, 8, 256];

    private long _copied;
    private long _zeroFramesOfNobody;

    /// <summary>Scans of which something was seen to merge, for tests that want some to.</summary>
    internal int MergingScans { get; private set; }

    /// <summary>Pages that shared a frame with another after a scan, summed over scans.</summary>
    internal long PagesSaved { get; private set; }

    private Ksm Ksm => _machine.Ksm;

    private void PerformMerging(in ModelOp op, Running running, ulong page, ulong end)
    {
        switch (op.Kind)
        {
            case ModelOpKind.Mergeable:
                AdviseAll(running, page, end, Advice.Mergeable);
                break;
            case ModelOpKind.Unmergeable:
                AdviseAll(running, page, end, Advice.Unmergeable);
                break;
            case ModelOpKind.Scan:
                for (int i = 0; i <= op.Choice % 3; i++)
                {
                    Scan(op);
                }

                break;
            case ModelOpKind.Batch:
                Knob("pages_to_scan", 1 + (op.Choice / 2 % 60));
                if (MayScan(op) && Ksm.Batch())
                {
                    Assert.Equal(1, KnobOf("run"));
                }
                else
                {
                    Idle();
                }

                Knob("pages_to_scan", Unlimited);
                break;
            case ModelOpKind.Run:
                Run(op.Choice % 5);
                break;
            case ModelOpKind.Knob:
                Turn(op);
                break;
            case ModelOpKind.Advance:
                _clock.Advance(TimeSpan.FromMilliseconds(op.Choice));
                break;
            case ModelOpKind.Nodes:
                if (op.Other % 2 == 0)
                {
                    UnmergeAll();
                }

                KeepNodesApart(op.Choice % 3 != 0);
                break;
            case ModelOpKind.Settle:
                Settle();
                break;
            case ModelOpKind.StartAfresh:
                StartAfresh(op);
                break;
            default:
                Idle();
                break;
        }
    }

    private static void MergeAnything(Running running, bool enabled)
    {
        running.Process.SetMergesAnything(enabled);
        Assert.Equal(enabled, running.Process.MergesAnything);
        if (running.MergesAnything != enabled)
        {
            running.MergesAnything = enabled;
            foreach (DictionaryPage entry in running.Pages.Values)
            {
                entry.Mergeable = enabled && entry.Shared is null;
            }
        }
    }

    private void Scan(in ModelOp op)
    {
        if (!MayScan(op) || !Ksm.Scan())
        {
            Idle();
            return;
        }

        // Whoever has exited has been passed, so what is left belongs to those who run.
        KsmCounters c = Ksm.Counters;
        Assert.Equal(c.PagesShared + c.PagesSharing, _running.Sum(running => running.Process.KsmStat.MergingPages));
        Assert.Equal(c.RmapItems, _running.Sum(running => running.Process.KsmStat.RmapItems));
        MergingScans += c.PagesSharing > 0 ? 1 : 0;
        PagesSaved += c.PagesSharing;
    }

    // While run is not 1 nothing happens; then it is set, mostly.
    private bool MayScan(in ModelOp op)
    {
        if (KnobOf("run") == 1)
        {
            return true;
        }

        if (op.Other % 4 == 0)
        {
            Assert.False(Ksm.Scan() || Ksm.Batch());
            return false;
        }

        Knob("run", 1);
        return true;
    }

    private void Run(int choice)
    {
        if (choice > 1)
        {
            Knob("run", 1);
        }
        else if (choice == 1)
        {
            UnmergeAll();
        }
        else
        {
            Knob("run", 0);
        }
    }

    // Nothing merged is left in mergeable mappings, and every counter says so.
    private void UnmergeAll()
    {
        Knob("run", 0);
        long copied = _machine.CowKsm;
        long merged = AllPages().Count(entry => entry.Entry.Mergeable && IsMerged(entry.Running, entry.Page));
        Knob("run", 2);
        Assert.Equal(copied + merged, _machine.CowKsm);
        KsmCounters c = Ksm.Counters;
        bool busy = AllPages().Any(entry => IsInIndex(entry.Running, entry.Page));
        Assert.Equal(
            new KsmCounters
            {
                PagesScanned = c.PagesScanned,
                PagesSkipped = c.PagesSkipped,
                KsmZeroPages = ZeroFramesNotMapped,
                GeneralProfit = ZeroFramesNotMapped * (long)PageSize,
                StableNodeChains = busy ? c.StableNodeChains : 0,
                StableNodeDups = busy ? c.StableNodeDups : 0,
            },
            c);
        Assert.All(_running, running => Assert.Equal(
            new KsmStat
            {
                MergeAny = running.MergesAnything,
                Mergeable = running.Process.KsmStat.Mergeable,
                ZeroPages = running.ZeroFramesNotMapped,
                ProcessProfit = running.ZeroFramesNotMapped * (long)PageSize,
            },
            running.Process.KsmStat));
        Assert.DoesNotContain(AllPages(), entry => entry.Entry.Mergeable && IsMerged(entry.Running, entry.Page));
    }

    private void Turn(in ModelOp op)
    {
        int value = op.Choice / 5;
        switch (op.Choice % 5)
        {
            case 0:
                Knob("use_zero_pages", value % 2);
                break;
            case 1:
                Knob("smart_scan", value % 2);
                break;
            case 2:
                Knob("stable_node_chains_prune_millisecs", (value % 3) switch { 0 => 0, 1 => 50, _ => 2000 });
                break;
            case 3:
                Knob("stable_node_chains_prune_millisecs", 2000);
                break;
            default:
                LimitSharing(s_limitsOfSharing[value % s_limitsOfSharing.Length]);
                break;
        }
    }

    private void LimitSharing(int limit)
    {
        bool same = KnobOf("max_page_sharing") == limit;
        bool merged = Ksm.Counters.PagesShared != 0 || AllPages().Any(entry => IsInIndex(entry.Running, entry.Page));
        Expect(same || !merged ? Errno.None : Errno.Busy, () => Knob("max_page_sharing", limit));
    }

    private void CompareMerging()
    {
        KsmCounters c = Ksm.Counters;
        Assert.Equal(c.RmapItems, c.PagesShared + c.PagesSharing + c.PagesUnshared + c.PagesVolatile);
        Assert.Equal(((c.PagesSharing + c.KsmZeroPages) * (long)PageSize) - (c.RmapItems * RmapItemBytes), c.GeneralProfit);
        Assert.True(c.StableNodeChains == 0 || c.StableNodeDups >= 0);
        Assert.True(_machine.CowKsm >= _copied);
        _copied = _machine.CowKsm;
        (long zero, long merging, long items) = (0, 0, 0);
        foreach (Running running in _running)
        {
            KsmStat stat = running.Process.KsmStat;
            Assert.Equal(ZeroFramesOf(running) + running.ZeroFramesNotMapped, stat.ZeroPages);
            (zero, merging, items) = (zero + stat.ZeroPages, merging + stat.MergingPages, items + stat.RmapItems);
            Assert.Equal(((stat.MergingPages + stat.ZeroPages) * (long)PageSize) - (stat.RmapItems * RmapItemBytes), stat.ProcessProfit);
            Assert.Equal((running.MergesAnything, running.Pages.Values.Any(entry => entry.Mergeable)), (stat.MergeAny, stat.Mergeable));
            foreach ((ulong page, DictionaryPage entry) in running.Pages)
            {
                bool found = PageMerge.IsMergeable(running.Process.Space, page, out uint anonVma, out _);
                Assert.True(entry.Mergeable ? found || anonVma == 0 : !found, $"Page {page} of {running} is mergeable: {found}.");
            }
        }

        // Those who have exited leave theirs until the scanner has passed.
        Assert.Equal(zero + _zeroFramesOfNobody, c.KsmZeroPages);
        Assert.InRange(merging, 0, c.PagesShared + c.PagesSharing);
        Assert.InRange(items, 0, c.RmapItems);
    }

    // A child counts all zero frames of its parent, the machine adds as many if the parent is registered, and neither is
    // ever told of those that the child did not get.
    private void InheritZeroFrames(Running child, long inherited, bool registered)
    {
        child.ZeroFramesNotMapped = inherited - ZeroFramesOf(child);
        _zeroFramesOfNobody -= registered ? 0 : inherited;
    }

    private void LeaveZeroFrames(Running running)
    {
        _zeroFramesOfNobody += running.ZeroFramesNotMapped;
        running.ZeroFramesNotMapped = 0;
    }

    // What the machine counts and nobody maps.
    private long ZeroFramesNotMapped => _zeroFramesOfNobody + _running.Sum(running => running.ZeroFramesNotMapped);

    private static long ZeroFramesOf(Running running) =>
        running.Pages.Keys.Count(page => running.Process.Space.Translate(page) is { IsZeroFrame: true, IsDirty: true });

    private IEnumerable<(Running Running, ulong Page, DictionaryPage Entry)> AllPages() =>
        _running.SelectMany(running => running.Pages.Select(entry => (running, entry.Key, entry.Value)));

    private bool IsMerged(Running running, ulong page) => Has(running, page, FrameFlags.Ksm);

    // A merge that failed half-way leaves frames that are merged, but in no index.
    private bool IsInIndex(Running running, ulong page) =>
        IsMerged(running, page) && _machine.Store.Frames[FrameOf(running, page)].Mapping != 0;

    // Present, private and not a zero frame: what the merger looks at, in a mergeable mapping.
    private bool IsAnonymous(Running running, ulong page) => Has(running, page, FrameFlags.Anonymous);

    private bool Has(Running running, ulong page, FrameFlags flag)
    {
        Pfn frame = running.Process.FrameAt(page * PageSize);
        return frame.IsSome && _machine.Store.Frames[frame].Has(flag);
    }

    private int KnobOf(string file) => int.Parse(Ksm.Read(file), CultureInfo.InvariantCulture);

    private void Knob(string file, int value)
    {
        _log?.Invoke($"  ksm {file}={value}");
        Ksm.Write(file, value.ToString(CultureInfo.InvariantCulture));
    }
}
