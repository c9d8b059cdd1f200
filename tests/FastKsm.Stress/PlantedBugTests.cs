using System;
using System.Threading.Tasks;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Stress;

/// <summary>
/// Faults that are planted in the flushes: the stress finds wrong bytes, or, where it says so, the oracle.
/// </summary>
/// <remarks>
/// Faults that need an order of events which threads meet too seldom are found by worlds with one thread and by
/// threads on bare TLBs
/// (FastKsm.Tests): NoBarrier by FlushStressTests; NestedNotSeen, LazySkippedForTables and BatchNotFlushed by
/// FlushWorldTests.
/// A flush site that is left out is found by FlushSiteTests.
/// </remarks>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    private const long Operations = 2_000_000;
    private const long MostOperations = 20_000_000;
    private const long CheckedOperations = 100_000;

    [Theory]
    [InlineData(PlantedBug.NoGeneration)]
    [InlineData(PlantedBug.NotSent)]
    [InlineData(PlantedBug.RangeTooShort)]
    [InlineData(PlantedBug.RangeOverGap)]
    [InlineData(PlantedBug.NoCompareAtSwitch)]
    internal void PlantedBug_ReadsWrongBytes(PlantedBug bug) => Find(bug, Operations);

    [Theory]
    [InlineData(PlantedBug.NoWait)]
    [InlineData(PlantedBug.NoCompareAfterLazy)]
    [InlineData(PlantedBug.MaskSetLate)]
    internal void PlantedBug_RareOne_ReadsWrongBytes(PlantedBug bug)
    {
        Assert.SkipUnless(StressOptions.IsLong, "Takes up to some minutes; FASTKSM_STRESS asks for it.");

        Find(bug, MostOperations);
    }

    [Theory]
    [InlineData(PlantedBug.ReleasedBeforeFlush, "Invariant I")]
    internal async Task PlantedBug_IsFoundByTheOracle(PlantedBug bug, string invariant)
    {
        (bool isClean, string text) = await CheckedRun.Run(CheckedOperations, bug);

        Assert.False(isClean, text);
        Assert.Contains(invariant, text, StringComparison.Ordinal);
    }

    private void Find(PlantedBug bug, long operations)
    {
        StressRun run = new(StressOptions.FromEnvironment(operations) with { Bug = bug, Operations = operations });

        run.RunAll();

        output.WriteLine($"{bug}: {run.Total:N0} operations");
        output.WriteLine(string.Join(Environment.NewLine, run.Findings.Texts));
        Assert.True(run.Findings.Any, $"{bug} was not found in {run.Total:N0} operations.");
    }
}
