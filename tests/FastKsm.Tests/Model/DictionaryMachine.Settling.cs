using System.Collections.Generic;
using System.Linq;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
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

    /// <summary>Merged frames at rest without a place in the tree of their node.</summary>
    internal int FramesWithoutPlace { get; private set; }

    /// <summary>Steady states that did not come by themselves, because a page was copied in every scan.</summary>
    internal int EndlessCopies { get; private set; }

    /// <summary>Scans that were as predicted to the last counter and frame, from nothing merged.</summary>
    internal int ScansPredicted { get; private set; }

    /// <summary>Those of them that began with huge pages, or came after such a one.</summary>
    internal int ScansWithHugePages { get; private set; }

    // Whatever went before: scans until nothing changes any more, and then says what must hold.
    private void Settle()
    {
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
        int scans = 0;
        while (true)
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
            if (scans++ >= 3 && now == before)
            {
                break;
            }

            if (scans == MostScans)
            {
                EndCopying(limit);
            }

            Assert.True(scans < 2 * MostScans, "The scans do not come to rest.");
            before = now;
        }

        CompareSteadyState(limit, useZeroPages);
        Settled++;
    }

    // A merged frame with one mapping that has moved to a node where its content is already stays without a place: no merge
    // replaces a merged page. While all frames there are full, its page waits in the unstable tree, and whoever meets it is
    // converted, cannot be joined, and is copied: in every scan, as in Linux. A write to the page that waits ends it.
    private void EndCopying(int limit)
    {
        Dictionary<(Running, ulong), Pfn> before = AllPages().ToDictionary(entry => (entry.Running, entry.Page), entry => FrameOf(entry.Running, entry.Page));
        Assert.True(Ksm.Scan());
        SettlingPage[] pages = PagesInScanOrder();
        SettlingPage[] copied = [.. pages.Where(page => before[(page.Running, page.Page)] != page.Frame)];
        Assert.NotEmpty(copied);
        Assert.All(copied, page =>
        {
            SettlingPage[] alike = [.. pages.Where(other => other.Content == page.Content)];
            SettlingPage first = alike.First(other => !other.IsFiled);
            Assert.True(first.IsMerged && !page.IsMerged, "Somebody is copied for another reason than a merged page without a place.");
            Assert.DoesNotContain(alike.Where(other => other.IsFiled).CountBy(other => other.Frame), frame => frame.Value < limit);
        });
        foreach (SettlingPage page in pages.Where(page => page is { IsMerged: true, IsFiled: false }))
        {
            Write(page.Running, page.Page, page.Content.Value, forced: true);
        }

        EndlessCopies++;
    }

    private SettlingPage[] PagesInScanOrder()
    {
        IEnumerable<(Running Running, ulong Page, DictionaryPage Entry)> pages = _machine.Merger.Registered
            .Select(space => _running.Single(running => running.Process.Space == space))
            .SelectMany(running => running.Pages.Select(entry => (running, entry.Key, entry.Value)));
        return [.. pages.Where(entry => entry.Entry.Mergeable && IsAnonymous(entry.Running, entry.Page)).Select(entry =>
        {
            Pfn frame = FrameOf(entry.Running, entry.Page);
            bool merged = IsMerged(entry.Running, entry.Page);
            bool filed = merged && _machine.Merger.FirstPlace(_machine.Store.Frames[frame].Mapping) != 0;
            return new SettlingPage(entry.Running, entry.Page, (entry.Entry.Value, NodeThatMatters(frame)), frame, merged, filed);
        })];
    }

    private void CompareSteadyState(int limit, bool useZeroPages)
    {
        SettlingPage[] candidates = PagesInScanOrder();
        (long shared, long sharing, long unshared, long changing) = (0, 0, 0, 0);
        foreach (IGrouping<(ulong Value, int Node), SettlingPage> content in candidates.GroupBy(page => page.Content))
        {
            int[] loads = [.. content.Where(page => page.IsFiled).CountBy(page => page.Frame).Select(frame => frame.Value)];
            SettlingPage[] rest = [.. content.Where(page => !page.IsMerged)];
            SettlingPage[] waiting = [.. content.Where(page => page is { IsMerged: true, IsFiled: false })];
            shared += loads.Length;
            sharing += loads.Sum() - loads.Length;
            bool full = loads.All(load => load >= limit);
            if (rest.Length != 0)
            {
                // What is left over has no frame with room to go to, and no other frame to merge with.
                Assert.True(full, $"A frame with one of {string.Join(", ", loads)} of {limit} pages has not been joined.");
                Assert.True(rest.All(page => page.Frame == rest[0].Frame), "Two frames of one content have not merged.");
                Assert.False(useZeroPages && content.Key.Value == 0, "A page of zeroes has not become the zero page.");
            }

            // Merged frames with one mapping that have moved to where their content is already, if only in mappings that are
            // not mergeable, and what forks shared with pages that were converted for them and copied then (see EndCopying).
            Assert.All(waiting, page => Assert.True(
                KnobOf("merge_across_nodes") == 0
                && (!IsInIndex(page.Running, page.Page) || (MappingsOf(page.Frame) == 1 && IsInIndexElsewhere(page))),
                "A merged page has no place."));
            FramesWithoutPlace += waiting.Length;
            int left = rest.Length + waiting.Length;
            bool entered = full && left != 0;
            unshared += entered ? 1 : 0;
            changing += left - (entered ? 1 : 0);
        }

        KsmCounters c = Ksm.Counters;
        Assert.Equal((shared, sharing, unshared, changing), (c.PagesShared, c.PagesSharing, c.PagesUnshared, c.PagesVolatile));
        foreach (Running running in _running)
        {
            KsmStat stat = running.Process.KsmStat;
            Assert.Equal(candidates.Count(page => page.Running == running), stat.RmapItems);
            Assert.Equal(candidates.Count(page => page.Running == running && page.IsFiled), stat.MergingPages);
        }
    }

    // Whether another merged frame, whoever maps it, has the content of a page. Where it lies is not asked: a node that no page
    // is listed under stays in the tree of where its frame was when it was last looked at.
    private bool IsInIndexElsewhere(SettlingPage page) => AllPages().Any(other =>
        other.Entry.Value == page.Content.Value
        && IsInIndex(other.Running, other.Page)
        && FrameOf(other.Running, other.Page) != page.Frame);

    private int MappingsOf(Pfn frame) => AllPages().Count(entry => FrameOf(entry.Running, entry.Page) == frame);

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
        KeepNodesApart(across: op.Choice % 3 != 0);
        if (AllPages().Any(entry => entry.Entry is { Locked: true, Value: 0 } && Has(entry.Running, entry.Page, FrameFlags.Huge)))
        {
            // Whether others keep a page of zeroes with it depends on who maps it in which order.
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
                    Pfn frame = FrameOf(running, page);
                    NaivePage candidate = new()
                    {
                        Owner = _running.IndexOf(running),
                        Content = (Flaw == ModelFlaw.NoZeroPages && entry.Value == 0 ? ulong.MaxValue : entry.Value, NodeThatMatters(frame)),
                        Frame = frame,
                        HugePage = Has(running, page, FrameFlags.Huge) ? PhysicalMemory.HeadOf(frame) : Pfn.None,
                    };
                    candidates.Add(candidate);
                    places.Add((running, page, candidate));
                }
            }
        }

        Assert.Equal(candidates.Count, AllPages().Count(entry => entry.Entry.Mergeable && IsAnonymous(entry.Running, entry.Page)));
        NaiveMerger naive = new(candidates, limit, useZeroPages, smartScan, _machine.Options.ZeroFrameSplits);
        KsmCounters start = Ksm.Counters;
        long split = HugePagesSplit;
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
            if (!naive.IsExact)
            {
                return;
            }

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
            Assert.Equal(naive.HugePagesSplit, HugePagesSplit - split);
            ScansPredicted++;
            ScansWithHugePages += candidates.Any(candidate => candidate.HugePage.IsSome) ? 1 : 0;
        }

        for (int i = 0; i < _running.Count; i++)
        {
            KsmStat stat = _running[i].Process.KsmStat;
            Assert.Equal(naive.CountsOf(i), (stat.RmapItems, stat.MergingPages, stat.ZeroPages - _running[i].ZeroFramesNotMapped));
        }

        Assert.All(places, place => Assert.Equal(place.Candidate.Frame, FrameOf(place.Running, place.Page)));
    }

    // Frames of different nodes may be of equal content, and yet not merge.
    private int NodeThatMatters(Pfn frame) =>
        KnobOf("merge_across_nodes") == 0 ? _machine.Store.Frames.Layout.NodeOf(frame.Number) : 0;

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

    // A page that the merger looks at. Content: what it reads as, and the node whose pages it can merge with.
    private sealed record SettlingPage(
        Running Running, ulong Page, (ulong Value, int Node) Content, Pfn Frame, bool IsMerged, bool IsFiled);
}
