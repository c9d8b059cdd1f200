using System;
using System.Diagnostics;
using FastKsm.ReverseMapping;
using Xunit;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>What is kept of holds and waits, against figures worked out by hand.</summary>
public sealed class WalkStatisticsTests
{
    [Fact]
    public void Read_NothingCounted_IsAllZero()
    {
        WalkFigures figures = new WalkStatistics().Read(WalkKind.Migrate);

        Assert.Equal(default, figures);
    }

    [Fact]
    public void Read_OneToAThousandTicks_HasCountMaxAverageAndPercentiles()
    {
        const int Unit = 1000;
        WalkStatistics statistics = new();
        for (int i = 1; i <= 1000; i++)
        {
            statistics.CountHold(WalkKind.Unmap, waited: i * 10, held: i * Unit);
        }

        HoldTimes hold = statistics.Read(WalkKind.Unmap).Hold;

        Assert.Equal(1000, hold.Count);
        Assert.Equal(Time(1000 * Unit), hold.Max);
        Assert.Equal((Time(500_500), Time(500_500_000)), (hold.Average, hold.Total));
        Assert.InRange(hold.Median, Time(500 * Unit), Time(625 * Unit));
        Assert.InRange(hold.Percentile99, Time(990 * Unit), Time(1000 * Unit));
        Assert.Equal(Time(10_000), statistics.Read(WalkKind.Unmap).Wait.Max);
        Assert.Equal(0, statistics.Read(WalkKind.Migrate).Hold.Count);
    }

    [Fact]
    public void Read_OneLongHoldAmongMany_IsTheMaxAndNotThePercentile()
    {
        WalkStatistics statistics = new();
        for (int i = 0; i < 999; i++)
        {
            statistics.CountHold(WalkKind.Referenced, waited: 0, held: 2000);
        }

        statistics.CountHold(WalkKind.Referenced, waited: 0, held: 1L << 40);

        HoldTimes hold = statistics.Read(WalkKind.Referenced).Hold;
        Assert.Equal(Time(1L << 40), hold.Max);
        Assert.InRange(hold.Percentile99, Time(2000), Time(2500));
    }

    [Fact]
    public void CountNodes_SeveralWalks_AddsUpByKindUntilReset()
    {
        WalkStatistics statistics = new();
        WalkCounts counts = new() { Nodes = 10, OtherAddress = 6, OtherPass = 1, Visits = 3 };
        statistics.CountNodes(WalkKind.Restore, counts);
        statistics.CountNodes(WalkKind.Restore, counts);
        statistics.CountContended(WalkKind.Restore);

        WalkFigures figures = statistics.Read(WalkKind.Restore);
        Assert.Equal(
            (2, 1, 20, 12, 2, 6),
            (figures.Walks, figures.Contended, figures.NodesVisited, figures.RejectedByAddress, figures.RejectedByPass, figures.Visits));
        statistics.Reset();
        Assert.Equal(default, statistics.Read(WalkKind.Restore));
    }

    private static TimeSpan Time(long ticks) => Stopwatch.GetElapsedTime(0, ticks);
}
