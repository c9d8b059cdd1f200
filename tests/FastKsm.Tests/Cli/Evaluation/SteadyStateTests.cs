using System;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

/// <summary>The forecast from given records; what Linux 6.18 shows for such pages stands in the expectations.</summary>
public sealed class SteadyStateTests : IDisposable
{
    private const ulong Huge = 1UL << 9; // Frame numbers of one huge page have all but their last nine bits in common.

    private readonly EvaluationContext _context = new(
        HostKsm.Read() with { Run = 0 }, splits: new HugePageSplits(true, IsProbed: true, string.Empty), folioOf: FolioOf);
    private readonly PageRecordTable _table = new(capacity: 1_000_000);
    private readonly LiveProcess _process;

    public SteadyStateTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");
        _process = LiveProcess.Open(Environment.ProcessId)!;
        AddVma();
    }

    [Fact]
    public void Forecast_ManyContents_AddsUp()
    {
        AddPages(content: 10, frames: [1, 2, 3]);
        AddPages(content: 11, frames: [4, 5]);
        AddPages(content: 12, frames: [6]);
        AddPages(content: 13, frames: [7, 7]); // Shared by fork only.

        MergeForecast total = Forecast(out PageCounts[] counts);

        Assert.Equal((2, 3, 2, 1), (total.PagesShared, total.PagesSharing, total.PagesUnshared, total.PagesVolatile));
        Assert.Equal((8, 7, 4), (total.RmapItems, total.FramesBefore, total.FramesAfter));
        Assert.Equal((3 * 4096) - (8 * 64), total.GeneralProfit(4096));
        Assert.Equal((3 * 4096) - (8 * 64), total.MemorySaved(4096));
        Assert.Equal((8, 5, 3), (counts[0].Pages, counts[0].Merging, counts[0].DuplicatesInside));
    }

    [Fact]
    public void Forecast_ForkSharedFramesThatMerge_SavesFramesNotAddresses()
    {
        AddPages(content: 10, frames: [1, 2, 1, 2]);

        MergeForecast total = Forecast(out _);

        Assert.Equal(3, total.PagesSharing);
        Assert.Equal((2, 1), (total.FramesBefore, total.FramesAfter));
        Assert.Equal(4096 - (4 * 64), total.MemorySaved(4096));
    }

    [Fact]
    public void Forecast_ZeroPagesReplaced_LeaveNoRecords()
    {
        AddZeroes(1, 2, 3, 3);

        MergeForecast kept = Forecast(out _);
        MergeForecast replaced = Forecast(out PageCounts[] counts, useZeroPages: true);

        Assert.Equal((1, 3, 0, 4), (kept.PagesShared, kept.PagesSharing, kept.KsmZeroPages, kept.RmapItems));
        Assert.Equal((0, 0, 4, 0), (replaced.PagesShared, replaced.PagesSharing, replaced.KsmZeroPages, replaced.RmapItems));
        Assert.Equal((3, 0), (replaced.FramesBefore, replaced.FramesAfter));
        Assert.Equal(4 * 4096, counts[0].ProcessProfit(4096));
    }

    [Fact]
    public void Forecast_ZeroPageMergedBeforeZeroPagesWereOn_StaysMerged()
    {
        AddPages(_context.ZeroChecksum, [1, 1, 2], isKsm: true);

        MergeForecast total = Forecast(out _, useZeroPages: true);

        Assert.Equal((2, 1, 0), (total.PagesShared, total.PagesSharing, total.KsmZeroPages));
    }

    // The first attempt to merge splits the huge page, and the split maps its pages of zeroes to the ordinary zero frame.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forecast_HugePageOfZeroes_IsGivenBackWithoutACounter(bool useZeroPages)
    {
        AddPages(_context.ZeroChecksum, [.. Enumerable.Range(0, 512).Select(page => Huge + (ulong)page)], isHuge: true);

        MergeForecast total = Forecast(out _, useZeroPages);

        Assert.Equal((0, 0, 0, 512), (total.PagesShared, total.KsmZeroPages, total.RmapItems, total.DroppedBySplit));
        Assert.Equal(512 * 4096, total.MemorySaved(4096));
    }

    [Fact]
    public void Forecast_OneZeroPageInEachHugePage_KeepsTheFirst()
    {
        AddPages(_context.ZeroChecksum, [Huge + 5, (2 * Huge) + 1, (3 * Huge) + 1], isHuge: true);

        MergeForecast total = Forecast(out _);

        Assert.Equal((1, 1, 2), (total.RmapItems, total.PagesUnshared, total.DroppedBySplit));
    }

    // A folio with two of them is taken apart when the second meets the first, whatever comes before or behind.
    [Fact]
    public void Forecast_SeveralZeroPagesInTheFirstHugePage_KeepsTheFirstThatIsAlone()
    {
        AddPages(_context.ZeroChecksum, [Huge, Huge + 1, 2 * Huge, 3 * Huge], isHuge: true);

        MergeForecast total = Forecast(out _);

        Assert.Equal((1, 1, 3), (total.RmapItems, total.PagesUnshared, total.DroppedBySplit));
    }

    [Fact]
    public void Forecast_ZeroPageBesideTwins_GoesWithTheirHugePage()
    {
        AddPages(_context.ZeroChecksum, [Huge], isHuge: true);
        AddPages(content: 10, frames: [Huge + 1, Huge + 2]);

        MergeForecast total = Forecast(out _);

        Assert.Equal((1, 1, 0, 2, 1), (total.PagesShared, total.PagesSharing, total.PagesUnshared, total.RmapItems, total.DroppedBySplit));
    }

    // corner.c locked-huge: 100 pages of zeroes in a locked huge page. Linux 6.18: 1/99, with max_page_sharing=3 33/66 and one left.
    [Theory]
    [InlineData(256, false, 1, 99, 0, 0)]
    [InlineData(3, false, 33, 66, 1, 0)]
    [InlineData(256, true, 0, 0, 0, 100)]
    public void Forecast_ZeroesOfALockedHugePage_MergeAsOthersDo(
        int maxPageSharing, bool useZeroPages, long shared, long sharing, long unshared, long zero)
    {
        AddPages(_context.ZeroChecksum, [.. Enumerable.Range(0, 100).Select(page => Huge + (ulong)page)], isHuge: true, isKept: true);
        RecordSorter.Sort(_table, threads: 1);

        MergeForecast total = new SteadyState(
            _table, _context, Options(useZeroPages) with { MaxPageSharing = maxPageSharing }).Forecast(new PageCounts[1]);

        Assert.Equal(
            (shared, sharing, unshared, zero, 0),
            (total.PagesShared, total.PagesSharing, total.PagesUnshared, total.KsmZeroPages, total.DroppedBySplit));
    }

    [Fact]
    public void Forecast_ZeroesOfALockedHugePage_TakeThoseOfOthersApart()
    {
        AddPages(_context.ZeroChecksum, [Huge, Huge + 1], isHuge: true, isKept: true);
        AddPages(_context.ZeroChecksum, [2 * Huge], isHuge: true);

        MergeForecast total = Forecast(out _);

        Assert.Equal((1, 1, 2, 1), (total.PagesShared, total.PagesSharing, total.RmapItems, total.DroppedBySplit));
    }

    // Folios of 64 KiB: 16 frames of one huge page's worth are one, the next 16 another.
    [Fact]
    public void Forecast_SmallerFolios_AreTheUnitThatIsTakenApart()
    {
        using EvaluationContext context = new(
            HostKsm.Read(), splits: new HugePageSplits(true, IsProbed: true, string.Empty), folioOf: frame => (frame & ~15UL, 16));
        _ = context.Add(_context.Vma(0));
        AddPages(context.ZeroChecksum, [.. Enumerable.Range(0, 64).Select(folio => Huge + (ulong)(16 * folio))], isHuge: true);
        RecordSorter.Sort(_table, threads: 1);

        MergeForecast total = new SteadyState(_table, context, Options(useZeroPages: false)).Forecast(new PageCounts[1]);

        Assert.Equal((1, 1, 63), (total.RmapItems, total.PagesUnshared, total.DroppedBySplit));
    }

    // numa.c: 1,000 pages of 500 contents on each of two nodes. Linux 6.1 and 6.12 with merge_across_nodes=0: 1,000 and 1,000.
    [Theory]
    [InlineData(false, 500, 1500)]
    [InlineData(true, 1000, 1000)]
    public void Forecast_NodesApart_MergesOnEachByItself(bool apart, long shared, long sharing)
    {
        using EvaluationContext context = new(HostKsm.Read(), new NodesOfPages(apart ? [0, 1] : []));
        _ = context.Add(_context.Vma(0));
        for (ulong page = 0; page < 2000; page++)
        {
            AddPages(context.Nodes.Apart(100 + (page % 1000 / 2), (int)(page / 1000)), [1 + page]);
        }

        RecordSorter.Sort(_table, threads: 1);

        MergeForecast total = new SteadyState(_table, context, Options(useZeroPages: false)).Forecast(new PageCounts[1]);

        Assert.Equal((shared, sharing), (total.PagesShared, total.PagesSharing));
    }

    [Fact]
    public void Forecast_NodesApart_ZeroPagesOfBothAreZeroPages()
    {
        using EvaluationContext context = new(HostKsm.Read(), new NodesOfPages([0, 1]));
        _ = context.Add(_context.Vma(0));
        AddPages(context.Nodes.Apart(context.ZeroChecksum, 0), [1, 2]);
        AddPages(context.Nodes.Apart(context.ZeroChecksum, 1), [3, 4]);
        RecordSorter.Sort(_table, threads: 1);
        SteadyState replaced = new(_table, context, Options(useZeroPages: true));

        Assert.Equal(4, replaced.Forecast(new PageCounts[1]).KsmZeroPages);
        Assert.Equal(2, new SteadyState(_table, context, Options(useZeroPages: false)).Forecast(new PageCounts[1]).PagesShared);
    }

    // Case "mostly zeroes": one unique page in each huge page, 511 of zeroes. No counter of Linux shows the gain.
    [Fact]
    public void Make_HugePagesMostlyOfZeroes_AreWorthMarking()
    {
        AddPages(_context.ZeroChecksum, [.. Enumerable.Range(1, 511).Select(page => Huge + (ulong)page)], isHuge: true);
        AddPages(content: 10, frames: [Huge]);
        RecordSorter.Sort(_table, threads: 1);
        SteadyState steadyState = new(_table, _context, Options(useZeroPages: false));
        PageCounts[] counts = new PageCounts[1];
        _ = steadyState.Forecast(counts);

        MarkingPlan plan = MarkingPlan.Make(steadyState, counts, 4096);

        Assert.Equal([true], plan.Chosen);
        Assert.Equal((511 * 4096) - 64, counts[0].Profit(4096));
        Assert.Equal(-64, counts[0].ProcessProfit(4096));
    }

    [Fact]
    public void Forecast_HugeZeroPageSharedByFork_StaysWithItsTwin()
    {
        AddPages(_context.ZeroChecksum, [Huge, Huge], isHuge: true);

        MergeForecast total = Forecast(out _);

        Assert.Equal((1, 1, 0), (total.PagesUnshared, total.PagesVolatile, total.DroppedBySplit));
    }

    [Fact]
    public void Forecast_HugeZeroPagesBesideASmallOne_AllGo()
    {
        AddPages(_context.ZeroChecksum, [Huge, 2 * Huge], isHuge: true);
        AddZeroes(1);

        MergeForecast total = Forecast(out _);

        Assert.Equal((1, 1, 2), (total.RmapItems, total.PagesUnshared, total.DroppedBySplit));
    }

    [Fact]
    public void Forecast_KernelThatKeepsZeroesOfSplits_MergesThem()
    {
        using EvaluationContext old = new(
            HostKsm.Read(), splits: new HugePageSplits(false, IsProbed: true, string.Empty), folioOf: FolioOf);
        _ = old.Add(_context.Vma(0));
        AddPages(old.ZeroChecksum, [Huge, Huge + 1], isHuge: true);
        RecordSorter.Sort(_table, threads: 1);

        MergeForecast total = new SteadyState(_table, old, Options(useZeroPages: false)).Forecast(new PageCounts[1]);

        Assert.Equal((1, 1, 0), (total.PagesShared, total.PagesSharing, total.DroppedBySplit));
    }

    [Fact]
    public void Forecast_OnlySomeVmasMarked_LosesTheTwinsOfTheOthers()
    {
        int second = AddVma();
        AddPages(content: 10, frames: [1, 2], vma: 0);
        AddPages(content: 11, frames: [3], vma: 0);
        AddPages(content: 11, frames: [4], vma: second);
        AddPages(content: 12, frames: [5], vma: second);
        RecordSorter.Sort(_table, threads: 1);
        SteadyState steadyState = new(_table, _context, Options(useZeroPages: false));

        MergeForecast all = steadyState.Forecast(new PageCounts[2]);
        MergeForecast some = steadyState.Forecast(new PageCounts[2], [true, false]);

        Assert.Equal((2, 2, 1, 5), (all.PagesShared, all.PagesSharing, all.PagesUnshared, all.RmapItems));
        Assert.Equal((1, 1, 1, 3), (some.PagesShared, some.PagesSharing, some.PagesUnshared, some.RmapItems));
    }

    [Fact]
    public void Make_VmaWhoseTwinsAreNotWorthIt_IsDroppedToo()
    {
        // VMA 0 has one duplicate of its own; VMA 1 only one twin among a hundred unique pages, in VMA 0.
        int second = AddVma();
        AddPages(content: 10, frames: [1, 2, 3], vma: 0);
        AddPages(content: 10, frames: [4], vma: second);
        for (ulong page = 0; page < 100; page++)
        {
            AddPages(content: 1000 + page, frames: [100 + page], vma: second);
        }

        RecordSorter.Sort(_table, threads: 1);
        SteadyState steadyState = new(_table, _context, Options(useZeroPages: false));
        PageCounts[] counts = new PageCounts[2];
        _ = steadyState.Forecast(counts);

        MarkingPlan plan = MarkingPlan.Make(steadyState, counts, 4096);

        Assert.Equal([true, false], plan.Chosen);
        Assert.Equal((1, 2, 3), (plan.Forecast.PagesShared, plan.Forecast.PagesSharing, plan.Forecast.RmapItems));
    }

    [Fact]
    public void Forecast_PagesThatChanged_AreVolatileAndMergeWithNothing()
    {
        AddPages(content: 10, frames: [1, 2, 3]);
        _table[2].MarkChanged();
        RecordSorter.Sort(_table, threads: 1);
        SteadyState steadyState = new(
            _table, _context, Options(useZeroPages: false) with { Observe = TimeSpan.FromSeconds(1) });
        PageCounts[] counts = new PageCounts[1];

        MergeForecast total = steadyState.Forecast(counts);

        Assert.Equal((1, 1, 0, 1, 3), (total.PagesShared, total.PagesSharing, total.PagesUnshared, total.PagesVolatile, total.RmapItems));
        Assert.Equal(1, counts[0].Changed);
    }

    // A page that a running process has for itself may be written with the bytes it had; what fork shares was not, nor what is read-only.
    [Fact]
    public void Forecast_ProcessThatRuns_RangeLeavesOutWhatItMayWrite()
    {
        int writable = _context.Add(new VmaInProcess(
            _process, new Vma(0, 4096, VmaFlags.Writable, 0, 0, string.Empty), VmaEligibility.Eligible));
        AddPages(content: 10, frames: [1, 2], vma: writable);
        AddPages(content: 11, frames: [3, 4], vma: 0);
        AddPages(content: 12, frames: [5, 5, 6, 6], vma: writable);
        AddPages(content: 13, frames: [7, 8], vma: writable);
        _table[_table.Count - 1].MarkChanged();
        RecordSorter.Sort(_table, threads: 1);
        SteadyState steadyState = new(
            _table, _context, Options(useZeroPages: false) with { Observe = TimeSpan.FromSeconds(1) });
        PageCounts[] counts = new PageCounts[2];
        _process.Watch(isEnd: false);
        MergeForecast atRest = steadyState.Forecast(counts, mode: ForecastMode.SurelyStill);
        while (!_process.Ran)
        {
            System.Threading.Thread.SpinWait(100_000);
            _process.Watch(isEnd: true);
        }

        MergeForecast least = steadyState.Forecast(counts, mode: ForecastMode.SurelyStill);
        MergeForecast observed = steadyState.Forecast(counts);
        MergeForecast most = steadyState.Forecast(counts, mode: ForecastMode.AllStill);

        Assert.Equal((3, 5), (atRest.PagesShared, atRest.PagesSharing));
        Assert.Equal((2, 4, 4), (least.PagesShared, least.PagesSharing, least.PagesVolatile));
        Assert.Equal((3, 5, 1), (observed.PagesShared, observed.PagesSharing, observed.PagesVolatile));
        Assert.Equal((4, 6, 0), (most.PagesShared, most.PagesSharing, most.PagesVolatile));
        Assert.Equal(1, steadyState.ChangedPages);
    }

    // What a page will hold that changes is not known: it may merge, or be zero.
    [Theory]
    [InlineData(false, 104, 1009, 50)]
    [InlineData(true, 104, 1009, 59)]
    public void MostOf_PagesThatChanged_MayAllMerge(bool useZeroPages, long shared, long sharing, long zero)
    {
        MergeForecast still = new() { PagesShared = 100, PagesSharing = 1000, KsmZeroPages = 50, FramesAfter = 200 };

        MergeForecast most = ForecastRange.MostOf(still, changed: 9, useZeroPages);

        Assert.Equal((shared, sharing, zero, 191), (most.PagesShared, most.PagesSharing, most.KsmZeroPages, most.FramesAfter));
    }

    public void Dispose()
    {
        _process?.EndUse();
        _table.Dispose();
        _context.Dispose();
    }

    private static (ulong First, ulong Count) FolioOf(ulong frame) => frame < Huge ? (frame, 1) : (frame & ~(Huge - 1), Huge);

    private static EvaluationOptions Options(bool useZeroPages) => new(256, useZeroPages, OnlyMarked: false, Threads: 1);

    private int AddVma() => _context.Add(new VmaInProcess(_process, default, VmaEligibility.Eligible));

    private void AddZeroes(params ulong[] frames) => AddPages(_context.ZeroChecksum, frames);

    private void AddPages(
        ulong content, ulong[] frames, int vma = 0, bool isKsm = false, bool isHuge = false, bool isKept = false)
    {
        foreach (ulong frame in frames)
        {
            int ordinal = _table.Count;
            _table.Commit(1);
            _table[ordinal] = PageRecord.Create(content, ordinal, vma, frame, isKsm, isHuge, isKept);
        }
    }

    private MergeForecast Forecast(out PageCounts[] counts, bool useZeroPages = false)
    {
        RecordSorter.Sort(_table, threads: 1);
        counts = new PageCounts[_context.VmaCount];
        return new SteadyState(_table, _context, Options(useZeroPages)).Forecast(counts);
    }
}
