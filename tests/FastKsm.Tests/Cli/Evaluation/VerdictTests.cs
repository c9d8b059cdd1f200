using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Tests.Cli.Output;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

public sealed class VerdictTests
{
    private const long MebiByte = 1 << 20;
    private const long PagesPerMebiByte = MebiByte / EvaluationResults.PageSize;

    [Fact]
    public void Of_HostThatLosesByItsOwnCounters_IsSwitchItOff()
    {
        // A host as published: 52 pages shared, and 64 bytes for each of 3,149,958 records.
        MergeForecast forecast = new() { PagesShared = 10, PagesSharing = 52, RmapItems = 3_149_958, FramesBefore = 3_149_958, FramesAfter = 3_149_906 };
        HostKsmCounters host = new(IsMerging: true, FullScans: 7, PagesSharing: 52, KsmZeroPages: 0, GeneralProfit: -201_384_320);
        EvaluationResult result = EvaluationResults.Of(forecast, pages: 3_149_958, isMarked: true);

        Verdict verdict = Verdict.Of(result, host);

        Assert.Equal(VerdictKind.SwitchOff, verdict.Kind);
        Assert.Equal(201_384_320, verdict.HostLoss);
        Assert.Equal(-201_384_320, verdict.Saved);
        Assert.Equal("Switch it off:", VerdictWording.Lead(verdict));
        Assert.Contains("3,149,958 records for 52 pages saved (general_profit -201,384,320)", VerdictWording.Reason(verdict, result, host), System.StringComparison.Ordinal);
        Assert.Equal("echo 2 > /sys/kernel/mm/ksm/run", VerdictWording.Next(verdict, "--all", linesFollow: false).Command);
    }

    [Theory]
    [InlineData(false, 7)] // It does not run.
    [InlineData(true, 0)] // Its first scan is under way: records come before savings.
    public void Of_LossThatMeansNothingYet_IsNotSwitchItOff(bool isMerging, long fullScans)
    {
        HostKsmCounters host = new(isMerging, fullScans, PagesSharing: 52, KsmZeroPages: 0, GeneralProfit: -201_384_320);

        Assert.Equal(VerdictKind.NotWorthIt, Verdict.Of(Saving(0, of: 100), host).Kind);
    }

    [Theory]
    [InlineData(10, 100, "worth_it")]
    [InlineData(-3, 100, "not_worth_it")]
    [InlineData(0, 0, "not_worth_it")]
    [InlineData(9, 1000, "not_worth_it")] // Below 1 %.
    [InlineData(10, 1000, "worth_it")]
    [InlineData(1, 2, "worth_it")] // 1 MiB is enough.
    public void Of_Saving_IsWorthItFromOnePercentAndOneMebiByteOn(long saved, long read, string expected)
    {
        Verdict verdict = Verdict.Of(Saving(saved, read), host: null);

        Assert.Equal(expected, VerdictWording.KeyOf(verdict.Kind));
        Assert.Equal(saved * MebiByte, verdict.Saved);
    }

    [Fact]
    public void Of_MarkingAllLosesAndMarkingSomePays_IsWorthItByChoice()
    {
        EvaluationResult result = Saving(-50, of: 1000) with { Marking = Forecast(40) };

        Verdict verdict = Verdict.Of(result, host: null);

        Assert.Equal(VerdictKind.WorthIt, verdict.Kind);
        Assert.True(verdict.NeedsChoice);
        Assert.Equal(40 * MebiByte, verdict.Saved);
        Assert.Equal("fastksm evaluate redis --vmas", VerdictWording.Next(verdict, "redis", linesFollow: false).Command);
    }

    [Theory]
    [InlineData(true, true, "")] // On already: nothing to be done.
    [InlineData(false, true, "echo 1 > /sys/kernel/mm/ksm/run")]
    [InlineData(true, false, "fastksm evaluate --all --target-scan-time 3m")]
    public void Next_WorthIt_IsWhatIsMissing(bool isMerging, bool isMarked, string expected)
    {
        EvaluationResult result = EvaluationResults.Of(Forecast(50), 100 * PagesPerMebiByte, isMarked: isMarked);

        Verdict verdict = Verdict.Of(result, new HostKsmCounters(isMerging, 3, 1000, 0, 4_000_000));

        Assert.Equal(expected, VerdictWording.Next(verdict, "--all", linesFollow: false).Command);
    }

    private static EvaluationResult Saving(long mebiBytes, long of) => EvaluationResults.Of(Forecast(mebiBytes), of * PagesPerMebiByte);

    private static MergeForecast Forecast(long mebiBytes) =>
        new() { FramesBefore = 100_000, FramesAfter = 100_000 - (mebiBytes * PagesPerMebiByte) };
}
