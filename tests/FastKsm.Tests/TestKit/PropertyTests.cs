using System;
using System.Linq;
using Xunit;
using Xunit.Sdk;

namespace FastKsm.Tests.TestKit;

/// <summary>The search itself: what it reports when there is something to find.</summary>
public sealed class PropertyTests
{
    [Fact]
    public void Shrink_TwoOperationsInOrderFail_LeavesThoseTwo()
    {
        int[] script = [.. Enumerable.Range(0, 1000)];

        int[] smallest = Property.Shrink(
            ops =>
            {
                int first = Array.IndexOf(ops, 321);
                Assert.False(first >= 0 && Array.IndexOf(ops, 654) > first);
            },
            script);

        Assert.Equal([321, 654], smallest);
    }

    [Fact]
    public void Shrink_EveryTenthOfMany_LeavesAsFewAsFail()
    {
        int[] script = [.. Enumerable.Range(0, 500)];

        int[] smallest = Property.Shrink(ops => Assert.True(ops.Count(op => op % 10 == 0) < 5), script);

        Assert.Equal(5, smallest.Length);
        Assert.All(smallest, op => Assert.Equal(0, op % 10));
    }

    [Fact]
    public void Shrink_SimplerOperations_ReplacesWhatStillFails()
    {
        int[] smallest = Property.Shrink(ops => Assert.DoesNotContain(ops, op => op >= 7), [3, 90, 4], op => [op / 2, op - 1]);

        Assert.Equal([45], smallest);
    }

    [Fact]
    public void ForSeeds_SeveralSeedsFail_ReportsTheLowest()
    {
        XunitException failure = Assert.Throws<XunitException>(() => Property.ForSeeds(
            40, 30, random => random.Next(), ops => Assert.NotEqual(new Random(47).Next(), ops[0]), 1, null, null));

        Assert.StartsWith("FASTKSM_SEED=47 fails after shrinking 1 operations to 1:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForSeeds_FailureDoesNotComeAgain_ReportsWhatWasSeen()
    {
        int runs = 0;

        XunitException failure = Assert.Throws<XunitException>(() => Property.ForSeeds(
            7, 1, random => random.Next(), _ => Assert.NotEqual(1, System.Threading.Interlocked.Increment(ref runs)), 1, null, null));

        Assert.StartsWith("FASTKSM_SEED=7 failed, and did not when it was repeated:", failure.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(Assert.NotEqual), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForSeeds_NothingFails_RunsEverySeedOnce()
    {
        int runs = 0;

        Property.ForSeeds(5, 64, random => random.Next(), _ => System.Threading.Interlocked.Increment(ref runs), 3, null, null);

        Assert.Equal(64, runs);
    }
}
