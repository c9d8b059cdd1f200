using FastKsm.Cli.Evaluation;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

public sealed class ScanSettingsTests
{
    // T = N (c + sleep / pages_to_scan): 1,000,000 × (3 µs + 20 ms / 100) = 203 s, of which 3 s are CPU time.
    [Fact]
    public void Of_DefaultSettings_FollowsTheFormula()
    {
        ScanSettings settings = ScanSettings.Of(1_000_000, 3e-6, pagesToScan: 100, sleepMilliseconds: 20);

        Assert.Equal(203, settings.ScanSeconds, precision: 9);
        Assert.Equal(3.0 / 203, settings.CpuShare, precision: 9);
    }

    [Theory]
    [InlineData(180)]
    [InlineData(10)]
    [InlineData(3.5)]
    public void ForTarget_WithinReach_TakesNoLongerAndHardlyShorter(double target)
    {
        ScanSettings settings = ScanSettings.ForTarget(1_000_000, 3e-6, target)!;

        Assert.InRange(settings.ScanSeconds, target * 0.98, target);
    }

    [Fact]
    public void ForTarget_LessThanTheCpuTime_IsRefused() => Assert.Null(ScanSettings.ForTarget(1_000_000, 3e-6, 3));

    [Fact]
    public void Of_NoPagesToScan_NeverEnds() =>
        Assert.Equal(double.PositiveInfinity, ScanSettings.Of(1000, 3e-6, pagesToScan: 0, sleepMilliseconds: 20).ScanSeconds);

    [Fact]
    public void SecondsPerPage_MergedAndSearchedPages_AreWeighted()
    {
        ScanCost cost = new(200, 300, 250, "test");
        MergeForecast forecast = new() { PagesShared = 8, PagesSharing = 8, PagesUnshared = 16, RmapItems = 32 };

        // 32 visits; the 16 others take a checksum and 3 + 4 levels each.
        Assert.Equal(((32 * 200) + (16 * (300 + (7 * 250)))) / 32e9, cost.SecondsPerPage(forecast), precision: 15);
    }
}
