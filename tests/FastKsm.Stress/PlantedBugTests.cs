using System;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Stress;

/// <summary>Faults that are planted in the flushes: the stress finds wrong bytes.</summary>
/// <remarks>
/// Here the oracle is off, so that it is the words that tell. The faults that need an order of events which threads meet too seldom are
/// found by worlds with one thread and by threads on bare TLBs (FastKsm.Tests, FlushWorldTests and FlushStressTests).
/// </remarks>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    private const long Operations = 4_000_000;

    [Theory]
    [InlineData(PlantedBug.NoWait)]
    [InlineData(PlantedBug.NoGeneration)]
    [InlineData(PlantedBug.NoCompareAfterLazy)]
    [InlineData(PlantedBug.NoCompareAtSwitch)]
    [InlineData(PlantedBug.RangeTooShort)]
    [InlineData(PlantedBug.RangeOverGap)]
    [InlineData(PlantedBug.NotSent)]
    [InlineData(PlantedBug.ReleasedBeforeFlush)]
    [InlineData(PlantedBug.NestedNotSeen)]
    [InlineData(PlantedBug.MaskSetLate)]
    internal void PlantedBug_IsFound(PlantedBug bug)
    {
        StressRun run = new(StressOptions.FromEnvironment(Operations) with { Bug = bug });

        run.RunAll();

        output.WriteLine($"{bug} was found after {run.Total:N0} operations");
        Console.WriteLine($"{bug}: {run.Findings.Any} after {run.Total:N0} operations: {string.Join('|', run.Findings.Texts)}");
        Assert.True(run.Findings.Any, $"{bug} was not found in {run.Total:N0} operations.");
    }
}
