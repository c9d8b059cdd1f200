using System;
using FastKsm.Cli.Evaluation;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

public sealed class ScanSettingsTests
{
    private static readonly SleepRounding s_hz250 = new(TimeSpan.FromMilliseconds(4));
    private static readonly SleepRounding s_hz1000 = new(TimeSpan.FromMilliseconds(1));

    // Measured on Linux 6.18, HZ=250, with batches of 100 pages and 0.7 ms.
    [Theory]
    [InlineData(2, 8)]
    [InlineData(20, 24)]
    [InlineData(50, 56)]
    [InlineData(252, 256)]
    [InlineData(400, 416)]
    [InlineData(1000, 1024)]
    public void Period_ShortBatches_AreSleepsRoundedUp(long sleepMilliseconds, double periodMilliseconds) =>
        Assert.Equal(periodMilliseconds / 1e3, s_hz250.Period(0.0007, sleepMilliseconds), precision: 9);

    [Theory]
    [InlineData(20, 21)]
    [InlineData(62, 63)]
    [InlineData(63, 64)]
    [InlineData(70, 72)]
    [InlineData(504, 512)]
    public void Period_OtherTick_RoundsToThat(long sleepMilliseconds, double periodMilliseconds) =>
        Assert.Equal(periodMilliseconds / 1e3, s_hz1000.Period(0.0002, sleepMilliseconds), precision: 9);

    [Fact]
    public void Period_LongBatch_IsBatchAndSleep()
    {
        Assert.Equal(1.02, s_hz250.Period(1, 20), tolerance: 0.01);
        Assert.Equal(0.123, s_hz250.Period(0.123, 0), precision: 9);
    }

    // 600 and 1,525 pages with pages_to_scan=100000: 24 ms a scan, 1.5 % of one CPU on Linux 6.18, where 1 ms and 59 % were said.
    [Theory]
    [InlineData(600)]
    [InlineData(1525)]
    public void Of_FewPages_SleepsOnceAScan(long pages)
    {
        ScanSettings settings = ScanSettings.Of(Task(pages), pagesToScan: 100_000, sleepMilliseconds: 20);

        Assert.InRange(settings.ScanSeconds, 0.0239, 0.0281);
        Assert.InRange(settings.CpuShare, 0.005, 0.25);
    }

    // With a batch that ends at the last page, Linux notices the end in the next batch.
    [Theory]
    [InlineData(5, 5, 2)]
    [InlineData(6, 5, 2)]
    [InlineData(4, 5, 1)]
    [InlineData(0, 5, 1)]
    public void Of_Batches_OneMoreForWhatIsLeft(long pages, long pagesToScan, int sleeps) =>
        Assert.Equal(sleeps * 0.024, ScanSettings.Of(Task(pages), pagesToScan, 20).ScanSeconds, precision: 9);

    [Theory]
    [InlineData(1525)]
    [InlineData(40_000)]
    [InlineData(1_000_000)]
    [InlineData(3_000_000)]
    public void ForTarget_FromHalfAMinuteToAnHour_ComesClose(long pages)
    {
        foreach (double target in (double[])[30, 60, 90, 180, 600, 1800, 3600])
        {
            if (ScanSettings.ForTarget(Task(pages), target) is { } settings)
            {
                Assert.InRange(settings.ScanSeconds, target * 0.95, target);
                Assert.Equal(settings, ScanSettings.Of(Task(pages), settings.PagesToScan, settings.SleepMilliseconds));
            }
            else
            {
                Assert.True(Task(pages).Cost.SecondsPerPage(Task(pages).Pages) * pages > target * 0.9);
            }
        }
    }

    // 1,525 pages in an hour: pages_to_scan=1 and 20 ms would take half a minute.
    [Fact]
    public void ForTarget_SlowTarget_SleepsLonger()
    {
        ScanSettings settings = ScanSettings.ForTarget(Task(1525), 3600)!;

        Assert.True(settings.SleepMilliseconds > 1000);
        Assert.InRange(settings.ScanSeconds, 3420, 3600);
    }

    [Theory]
    [InlineData(1_000_000, 3)]
    [InlineData(10, 0.02)]
    public void ForTarget_LessThanTheCpuTimeOrOneSleep_IsRefused(long pages, double target) =>
        Assert.Null(ScanSettings.ForTarget(Task(pages), target));

    [Fact]
    public void Of_NoPagesToScan_NeverEnds() =>
        Assert.Equal(double.PositiveInfinity, ScanSettings.Of(Task(1000), pagesToScan: 0, sleepMilliseconds: 20).ScanSeconds);

    internal static ScanTask Task(long pages) =>
        new(new MergeForecast { RmapItems = pages, PagesUnshared = pages }, ScanCostTests.Measured, s_hz250);
}
