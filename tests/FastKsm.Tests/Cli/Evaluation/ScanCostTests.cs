using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

public sealed class ScanCostTests
{
    /// <summary>As measured on a Zen 5 under a hypervisor, beside other work.</summary>
    internal static ScanCost Measured { get; } = new(205, 4.5, 20, 115, 1, IsBusy: false, "test");

    // CPU time of ksmd of Linux 6.18 over its pages there, smart_scan=0, unique pages, one batch a scan.
    [Theory]
    [InlineData(2048, 3083)]
    [InlineData(32768, 4843)]
    [InlineData(250_000, 6480)]
    public void SecondsPerPage_UniquePages_IsWithinAFifth(long pages, double nanoseconds) =>
        Assert.InRange(Measured.SecondsPerPage(Unique(pages)) * 1e9, nanoseconds * 0.8, nanoseconds * 1.2);

    // The same among 40,000, in batches with sleeps of 20 ms between.
    [Theory]
    [InlineData(1, 23919)]
    [InlineData(3, 15528)]
    [InlineData(10, 10732)]
    [InlineData(30, 8489)]
    [InlineData(100, 6788)]
    [InlineData(300, 6169)]
    [InlineData(1000, 5642)]
    public void SecondsOf_BatchesAfterSleeps_AreWithinAFifth(long batch, double nanoseconds) =>
        Assert.InRange(Measured.SecondsOf(Unique(40_000), batch, sleeps: true) * 1e9 / batch, nanoseconds * 0.8, nanoseconds * 1.2);

    [Fact]
    public void SecondsPerPage_MergedPages_CostAVisit()
    {
        MergeForecast merged = new() { RmapItems = 60_000, PagesShared = 235, PagesSharing = 59_765 };

        Assert.InRange(Measured.SecondsPerPage(merged) * 1e9, 230, 285);
        Assert.Equal(0, Measured.SecondsPerPage(default));
    }

    [Fact]
    public void Measure_OnThisHost_ComesToSomething()
    {
        Assert.SkipUnless(System.OperatingSystem.IsLinux(), "needs Linux: /proc");
        ScanCost cost = ScanCalibration.Measure(HostKsm.Read() with { Run = 0 });

        // Wide bounds: this must hold on any host, however busy.
        Assert.InRange(cost.SecondsPerPage(Unique(10_000)) * 1e9, 300, 200_000);
        Assert.True(cost.Spread >= 1);
    }

    private static MergeForecast Unique(long pages) => new() { RmapItems = pages, PagesUnshared = pages };
}
