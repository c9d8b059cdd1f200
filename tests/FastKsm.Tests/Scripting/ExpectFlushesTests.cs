using System.Collections.Generic;
using FastKsm.Cli.Conformance;
using FastKsm.Scripting;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Scripting;

/// <summary><c>expect-flushes</c>, with somebody who counts in the place of the machine.</summary>
public sealed class ExpectFlushesTests
{
    private const string Heap = "spawn A\nmap A heap 4\n";

    private static readonly FlushOperation s_page = new(1, IsRemote: true);
    private static readonly FlushOperation s_all = new(FlushOperation.All, IsRemote: false);

    [Theory]
    [InlineData("write A heap[0] 1\nexpect-flushes A r(1) local:F")]
    [InlineData("read A heap\nexpect A.map_count=1\nexpect-flushes A r(1) local:F\nexpect-flushes A r(1) local:F")]
    [InlineData("fill A heap[0..2:2] same 1\nexpect-flushes A r(1) local:F")]
    [InlineData("expect-error EINVAL remap A heap to=0x1000000001\nexpect-flushes A r(1) local:F")]
    [InlineData("fork A B\nexpect-flushes A r(1) local:F")]
    [InlineData("scan\nexpect-flushes ksmd 1*r(1) local:F")]
    [InlineData("write A heap[0] 1\nwrite A heap[1] 1\nexpect-flushes A r(1) local:F")]
    public void Expect_FlushesOfTheLastOperation_Hold(string script) =>
        Assert.Null(EndOf(Heap + script, new Counter(s_page, s_all)));

    [Theory]
    [InlineData("write A heap[0] 1\nexpect-flushes A none", "expected flush operations none, are r(1) local:F")]
    [InlineData("read A heap\nexpect-flushes A local:F", "expected flush operations local:F, are r(1) local:F")]
    [InlineData("read A heap\nexpect-flushes A r(1) r(1) F", "expected flush operations 2*r(1) F, are r(1) local:F")]
    [InlineData("write A heap[0] 1\nexpect-flushes A r(1) F", "expected flush operations r(1) F, are r(1) local:F")]
    public void Expect_OtherFlushes_SaysWhatTheyAre(string script, string detail)
    {
        ScriptException? end = EndOf(Heap + script, new Counter(s_page, s_all));

        Assert.Equal((ScriptOutcome.ExpectationFailed, detail), (end!.Outcome, end.Detail));
    }

    [Theory]
    [InlineData("expect-flushes B none", "there is no process 'B'")]
    [InlineData("spawn B\nexpect-flushes A none", "what was done last is nothing by which 'A' flushes")]
    [InlineData("spawn B\nmap B heap 1\nexpect-flushes A none", "what was done last is nothing by which 'A' flushes")]
    [InlineData("spawn B\nexit B\nexpect-flushes A none", "what was done last is nothing by which 'A' flushes")]
    [InlineData("write A heap[0] 1\nexpect-flushes ksmd none", "what was done last is nothing by which 'ksmd' flushes")]
    [InlineData("scan\nexpect-flushes A none", "what was done last is nothing by which 'A' flushes")]
    public void Expect_FlushesOfSomethingElse_IsABadScript(string script, string detail)
    {
        ScriptException? end = EndOf(Heap + script, new Counter(s_page));

        Assert.Equal(ScriptOutcome.BadScript, end!.Outcome);
        Assert.Contains(detail, end.Detail, System.StringComparison.Ordinal);
    }

    [Fact]
    public void Expect_WhereNobodyCounts_SaysSo()
    {
        ScriptException? end = EndOf(Heap + "write A heap[0] 1\nexpect-flushes A none", counter: null);

        Assert.Equal(ScriptOutcome.NotImplemented, end!.Outcome);
        Assert.Equal("not implemented yet: expect-flushes, as this side does not count flush operations", end.Detail);
    }

    [Theory]
    [InlineData(true, ComparisonOutcome.Agrees)]
    [InlineData(false, ComparisonOutcome.Differs)]
    public void Compare_FlushesOfTwoSides_MustBeTheSame(bool same, object outcome)
    {
        Counter other = same ? new Counter(s_page, s_all) : new Counter(s_page);

        ComparisonResult result = Compare(new Counter(s_page, s_all), other);

        Assert.Equal(outcome, result.Outcome);
        Assert.True(same || result.Differences is [{ What: "flush operations", Values: ["r(1) local:F", "r(1)"] }]);
    }

    [Fact]
    public void Compare_WithASideThatDoesNotCount_IsNoAgreement()
    {
        ComparisonResult result = Compare(null, new Counter(s_page));

        Assert.Equal(ComparisonOutcome.Inconclusive, result.Outcome);
        Assert.Equal("flush operations were not compared: first does not count them", result.Reason);
    }

    private static ComparisonResult Compare(IFlushSource? first, IFlushSource? second)
    {
        using ConformanceSide one = Side("first", first);
        using ConformanceSide other = Side("second", second);
        return new ScriptComparison(ScriptFiles.Parse(Heap + "write A heap[0] 1"), [one, other]).Perform();
    }

    private static ConformanceSide Side(string name, IFlushSource? counter)
    {
        EnginePerformer? performer = null;
        try
        {
            performer = new EnginePerformer { Flushes = counter, CountsFlushes = false };
            ConformanceSide side = new(name, performer);
            performer = null;
            return side;
        }
        finally
        {
            performer?.Dispose();
        }
    }

    private static ScriptException? EndOf(string text, IFlushSource? counter)
    {
        using EnginePerformer engine = new() { Flushes = counter, CountsFlushes = false };
        try
        {
            new ScriptRunner("test.ksm", engine).Run(ScriptFiles.Parse(text));
            return null;
        }
        catch (ScriptException end)
        {
            return end;
        }
    }

    // Whatever is done flushes so.
    private sealed class Counter(params FlushOperation[] flushes) : IFlushSource
    {
        public IReadOnlyList<FlushOperation> TakeFlushes() => flushes;
    }
}
