using System;
using FastKsm.Merging;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Rows 133 to 135 of the conformance table: the advisor's arithmetic, and the averages that lead up to it.</summary>
public sealed class ScanTimeAdvisorTests
{
    [Theory]
    [InlineData(100, 50_000, 100, 50, 485, 97)]
    [InlineData(400, 50_000, 400, 12, 1940, 97)]
    [InlineData(100, 90_000, 100, 90, 485, 97)]
    public void Row133To135_StopScan_ComputesAsLinux(
        int seconds, int milliseconds, long scanTime, uint cpu, uint pages, int change)
    {
        ModelClock clock = new();
        MergeKnobs knobs = new();
        ScanTimeAdvisor advisor = new(knobs, clock);
        advisor.Switch(true);
        int[] changes = new int[20];
        for (int i = 0; i < changes.Length; i++)
        {
            // On target, and with no limit that matters, the result is 1000 times the average in percent.
            knobs.PagesToScan = 100_000;
            (advisor.TargetScanTime, advisor.MaxCpu, advisor.MaxPagesToScan) = ((ulong)seconds, 1_000_000, ulong.MaxValue);
            advisor.Charge((long)seconds * 1_000_000_000_000);
            Assert.True(Scan(advisor, clock, seconds, out ScanTimeAdvisor.Advice advice));
            changes[i] = (int)(advice.PagesToScan / 1000);
        }

        Assert.Equal([30, 51, 65, 75, 82, 87, 90, 93, 95, 96, 97], changes[..11]);
        Assert.Equal(change, changes[^1]);

        knobs.PagesToScan = 1000;
        (advisor.TargetScanTime, advisor.MaxCpu, advisor.MaxPagesToScan) = (200, 70, 30000);
        advisor.Charge(milliseconds * 1_000_000L);
        Assert.True(Scan(advisor, clock, seconds, out ScanTimeAdvisor.Advice row));
        Assert.Equal(new ScanTimeAdvisor.Advice(scanTime, pages, cpu), row);
        Assert.Equal(pages, knobs.PagesToScan);
    }

    [Fact]
    public void SwitchedOnWithinAScan_TheScanHasTakenSinceTheMachineBegan()
    {
        ModelClock clock = new();
        clock.Advance(TimeSpan.FromSeconds(12188.9));
        ScanTimeAdvisor advisor = new(new MergeKnobs(), clock);
        advisor.StartScan();
        advisor.Switch(true);

        Assert.True(advisor.TryStopScan(out ScanTimeAdvisor.Advice advice));
        Assert.Equal((12188, 1u), (advice.ScanTime, advice.CpuPercent));
    }

    [Fact]
    public void SwitchedOff_NothingIsComputed()
    {
        MergeKnobs knobs = new() { PagesToScan = 123 };
        ScanTimeAdvisor advisor = new(knobs, new ModelClock());
        advisor.Switch(false);
        advisor.StartScan();

        Assert.False(advisor.TryStopScan(out _));
        Assert.Equal(123u, knobs.PagesToScan);
    }

    private static bool Scan(ScanTimeAdvisor advisor, ModelClock clock, int seconds, out ScanTimeAdvisor.Advice advice)
    {
        advisor.StartScan();
        clock.Advance(TimeSpan.FromSeconds(seconds));
        return advisor.TryStopScan(out advice);
    }
}
