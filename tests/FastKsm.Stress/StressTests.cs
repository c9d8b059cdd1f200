using System;
using Xunit;

namespace FastKsm.Stress;

/// <summary>Drivers beside ksmd, migrator and pager: no wrong byte, and a valid machine afterwards.</summary>
public sealed class StressTests(ITestOutputHelper output)
{
    private const long ShortRun = 1_000_000;

    [Fact]
    public void Drivers_BesideScannerMigratorAndPager_ReadWhatWasWritten()
    {
        StressRun run = new(StressOptions.FromEnvironment(ShortRun));

        run.RunAll();

        output.WriteLine(run.Summary);
        Console.WriteLine(run.Summary);
        Assert.True(!run.Findings.Any, string.Join(Environment.NewLine, run.Findings.Texts));
    }
}
