using System.Collections.Generic;
using System.Linq;
using FastKsm.Primitives;
using Xunit;

namespace FastKsm.Tests.Model;

/// <content>Predictions of what scans make of contents that stay as they are.</content>
internal sealed partial class DictionaryMachine
{
    private const int MostScans = 300;

    /// <summary>Steady states that were as predicted from contents and frames.</summary>
    internal int Settled { get; private set; }

    /// <summary>Pages that had to be written so that scans touch them again.</summary>
    internal int FramesFreed { get; private set; }

    /// <summary>Scans that were as predicted to the last counter and frame, from nothing merged.</summary>
    internal int ScansPredicted { get; private set; }

    // Whatever went before: scans until nothing changes any more, and then says what must hold.
    private void Settle()
    {
        if (KnobOf("merge_across_nodes") == 0)
        {
            // Merged frames that have moved to where their content is already are tried, and copied, in scan after scan.
            Idle();
            return;
        }

        TakeLoansBack();
        Knob("run", 1);
        Knob("smart_scan", 0);

        // A merge that failed half-way, because of a loan, leaves frames that no scan touches before they are written.
        foreach ((Running running, ulong page, DictionaryPage entry) in AllPages().ToArray())
        {
            if (IsMerged(running, page) && !IsInIndex(running, page))
            {
                Write(running, page, entry.Value, forced: true);
                FramesFreed++;
            }
        }

        int limit = KnobOf("max_page_sharing");
        bool useZeroPages = KnobOf("use_zero_pages") == 1;
        (KsmCounters Counters, ulong Frames) before = default;
        for (int scan = 0; ; scan++)
        {
            if (!Ksm.Scan())
            {
                // Nobody has anything to merge.
                Assert.DoesNotContain(AllPages(), entry => entry.Entry.Mergeable);
                Assert.Equal((0, 0), (Ksm.Counters.RmapItems, Ksm.Counters.PagesShared));
                Idle();
                return;
            }

            (KsmCounters, ulong) now = (Ksm.Counters with { PagesScanned = 0, FullScans = 0 }, FramesInUse());
            if (scan >= 3 && now == before)
            {
                break;
            }

            Assert.True(scan < MostScans, "The scans do not come to rest.");
            before = now;
        }

        CompareSteadyState(limit, useZeroPages);
        Settled++;
    }

    private void CompareSteadyState(int limit, bool useZeroPages)
    {
        var candidates = AllPages()
            .Where(entry => entry.Entry.Mergeable && IsAnonymous(entry.Running, entry.Page))
            .Select(entry => (entry.Running, entry.Entry.Value, Frame: FrameOf(entry.Running, entry.Page), Merged: IsMerged(entry.Running, entry.Page)))
            .ToArray();
        (long shared, long sharing, long unshared, long changing) = (0, 0, 0, 0);
        foreach (var content in candidates.GroupBy(page => page.Value))
        {
            int[] loads = [.. content.Where(page => page.Merged).GroupBy(page => page.Frame).Select(frame => frame.Count())];
            var rest = content.Where(page => !page.Merged).ToArray();
            shared += loads.Length;
            sharing += loads.Sum() - loads.Length;
            if (rest.Length != 0)
            {
                // What is left over has no frame with room to go to, and no other frame to merge with.
                Assert.All(loads, load => Assert.True(load >= limit, $"A frame with {load} of {limit} pages has not been joined."));
                Assert.True(rest.All(page => page.Frame == rest[0].Frame), "Two frames of one content have not merged.");
                Assert.False(useZeroPages && content.Key == 0, "A page of zeroes has not become the zero page.");
                unshared++;
                changing += rest.Length - 1;
            }
        }

        KsmCounters c = Ksm.Counters;
        Assert.Equal((shared, sharing, unshared, changing), (c.PagesShared, c.PagesSharing, c.PagesUnshared, c.PagesVolatile));
        foreach (Running running in _running)
        {
            KsmStat stat = running.Process.KsmStat;
            Assert.Equal(candidates.Count(page => page.Running == running), stat.RmapItems);
            Assert.Equal(candidates.Count(page => page.Running == running && page.Merged), stat.MergingPages);
        }
    }

    // From nothing merged, every counter and every frame is predicted, scan by scan.
    private void StartAfresh(in ModelOp op)
    {
        TakeLoansBack();

        // Fork takes merged frames to mappings that are not mergeable, where nothing unmerges them.
        foreach ((Running running, ulong page, DictionaryPage entry) in AllPages().ToArray())
        {
            if (!entry.Mergeable && IsMerged(running, page))
            {
                running.Process.Unmap(page * PageSize, PageSize);
                Drop(running, page, page + 1);
            }
        }

        UnmergeAll();
        KeepNodesApart(across: true);
        if (DependsOnFrames())
        {
            // Huge pages that their first merge takes apart: what comes of that is for rows 111 to 114 to say.
            Idle();
            return;
        }

        int limit = s_limitsOfSharing[op.Choice % s_limitsOfSharing.Length];
        bool useZeroPages = op.Other % 2 == 0;
        bool smartScan = op.Other / 2 % 2 == 0;
        LimitSharing(limit);
        Knob("use_zero_pages", useZeroPages ? 1 : 0);
        Knob("smart_scan", smartScan ? 1 : 0);
        Knob("stable_node_chains_prune_millisecs", 2000);
        Knob("run", 1);

        List<NaivePage> candidates = [];
        List<(Running Running, ulong Page, NaivePage Candidate)> places = [];
        foreach (Running running in _machine.Merger.Registered.Select(space => _running.Single(running => running.Process.Space == space)))
        {
            foreach ((ulong page, DictionaryPage entry) in running.Pages)
            {
                if (entry.Mergeable && IsAnonymous(running, page))
                {
                    NaivePage candidate = new()
                    {
                        Owner = _running.IndexOf(running),
                        Content = Flaw == ModelFlaw.NoZeroPages && entry.Value == 0 ? ulong.MaxValue : entry.Value,
                        Frame = FrameOf(running, page),
                    };
                    candidates.Add(candidate);
                    places.Add((running, page, candidate));
                }
            }
        }

        Assert.Equal(candidates.Count, AllPages().Count(entry => entry.Entry.Mergeable && IsAnonymous(entry.Running, entry.Page)));
        NaiveMerger naive = new(candidates, limit, useZeroPages, smartScan);
        KsmCounters start = Ksm.Counters;
        int scans = smartScan ? 4 + (op.Choice % 30) : 3 + (op.Choice % 4);
        for (int scan = 0; scan < scans; scan++)
        {
            if (!Ksm.Scan())
            {
                Assert.Empty(candidates);
                Idle();
                return;
            }

            naive.Scan();
            KsmCounters c = Ksm.Counters;
            Assert.Equal(
                naive.Counters,
                c with
                {
                    PagesScanned = c.PagesScanned - start.PagesScanned,
                    PagesSkipped = c.PagesSkipped - start.PagesSkipped,
                    KsmZeroPages = c.KsmZeroPages - start.KsmZeroPages,
                    GeneralProfit = c.GeneralProfit - start.GeneralProfit,
                });
            ScansPredicted++;
        }

        for (int i = 0; i < _running.Count; i++)
        {
            KsmStat stat = _running[i].Process.KsmStat;
            Assert.Equal(naive.CountsOf(i), (stat.RmapItems, stat.MergingPages, stat.ZeroPages - _running[i].ZeroFramesNotMapped));
        }

        Assert.All(places, place => Assert.Equal(place.Candidate.Frame, FrameOf(place.Running, place.Page)));
    }

    private void TakeLoansBack()
    {
        _loans.ForEach(loan => loan.Pin.Dispose());
        _loans.Clear();
    }

    private static Pfn FrameOf(Running running, ulong page) =>
        running.Process.IsZeroFrameAt(page * PageSize) ? Pfn.None : running.Process.FrameAt(page * PageSize);

    private ulong FramesInUse()
    {
        ulong hash = 0;
        foreach ((Running running, ulong page, _) in AllPages())
        {
            hash = (hash ^ FrameOf(running, page).Number) * 0x100000001B3;
        }

        return hash;
    }
}
