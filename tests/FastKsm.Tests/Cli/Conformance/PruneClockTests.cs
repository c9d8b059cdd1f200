using System;
using System.Threading;
using FastKsm.Cli.Conformance.Kernel;
using Xunit;

namespace FastKsm.Tests.Cli.Conformance;

public sealed class PruneClockTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(60_000, false)]
    public void IsDoubtful_WithoutModelTime_IsWhereTheIntervalIsShorterThanTheRun(uint interval, bool expected)
    {
        PruneClock clock = new();

        clock.Begin();
        Thread.Sleep(5);
        clock.Begin();

        Assert.Equal(expected, clock.IsDoubtful(interval));
    }

    [Fact]
    public void IsDoubtful_AfterModelTimeOfAtLeastTheInterval_ConcernsOnlyScansSince()
    {
        PruneClock clock = new();
        clock.Begin();
        clock.Advance(TimeSpan.FromMinutes(1));
        clock.Begin();

        // Due on both sides for what the first scan left, on neither for what the second one does.
        Assert.False(clock.IsDoubtful(60_000));
        Assert.False(clock.IsDoubtful(50_000));
    }
}
