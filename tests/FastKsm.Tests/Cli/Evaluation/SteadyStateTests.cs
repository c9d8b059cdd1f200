using System;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

/// <summary>The forecast from given records; what Linux 6.18 shows for such pages stands in the expectations.</summary>
public sealed class SteadyStateTests : IDisposable
{
    private const ulong Huge = 1UL << 9; // Frame numbers of one huge page have all but their last nine bits in common.

    private readonly EvaluationContext _context = new(HostKsm.Read() with { KernelRelease = "6.18.0", Run = 0 });
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
    public void Forecast_BeforeLinux612_KeepsZeroPagesOfHugePages()
    {
        using EvaluationContext old = new(HostKsm.Read() with { KernelRelease = "6.11.9-generic" });
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

    public void Dispose()
    {
        _process?.EndUse();
        _table.Dispose();
        _context.Dispose();
    }

    private static EvaluationOptions Options(bool useZeroPages) => new(256, useZeroPages, OnlyMarked: false, Threads: 1);

    private int AddVma() => _context.Add(new VmaInProcess(_process, default, VmaEligibility.Eligible));

    private void AddZeroes(params ulong[] frames) => AddPages(_context.ZeroChecksum, frames);

    private void AddPages(ulong content, ulong[] frames, int vma = 0, bool isKsm = false, bool isHuge = false)
    {
        foreach (ulong frame in frames)
        {
            int ordinal = _table.Count;
            _table.Commit(1);
            _table[ordinal] = PageRecord.Create(content, ordinal, vma, frame, isKsm, isHuge);
        }
    }

    private MergeForecast Forecast(out PageCounts[] counts, bool useZeroPages = false)
    {
        RecordSorter.Sort(_table, threads: 1);
        counts = new PageCounts[_context.VmaCount];
        return new SteadyState(_table, _context, Options(useZeroPages)).Forecast(counts);
    }
}
