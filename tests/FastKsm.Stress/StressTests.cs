using System;
using System.Threading.Tasks;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Stress;

/// <summary>Drivers beside ksmd, migrator and pager: no wrong byte, and a valid machine afterwards.</summary>
public sealed class StressTests(ITestOutputHelper output)
{
    private const long ShortRun = 1_000_000;
    private const long CheckedOperations = 100_000;

    [Fact]
    public void Drivers_BesideScannerMigratorAndPager_ReadWhatWasWritten()
    {
        StressRun run = new(StressOptions.FromEnvironment(ShortRun));

        run.RunAll();

        output.WriteLine(run.Summary);
        Console.WriteLine(run.Summary);
        Assert.True(!run.Findings.Any, string.Join(Environment.NewLine, run.Findings.Texts));
    }

    [Fact]
    public async Task Drivers_WithTheEnginesChecksOn_BreakNoInvariant()
    {
        Assert.SkipWhen(StressOptions.IsLong, "FASTKSM_CHECKS=1 makes the long run with the checks on.");

        (bool isClean, string text) = await CheckedRun.Run(CheckedOperations, PlantedBug.None);

        Assert.True(isClean, text);
        Assert.Contains("checks True", text, StringComparison.Ordinal);
    }
}
