using System;
using System.Linq;
using System.Threading;
using FastKsm.Cli;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Recording;
using Xunit;

namespace FastKsm.Tests.Cli.Recording;

/// <summary>Replays whose outcome can be told beforehand.</summary>
public sealed class ReplayTests
{
    private static readonly SleepRounding s_rounding = new(TimeSpan.FromMilliseconds(4));
    private static readonly ReplayPolicy s_fast = new("fast", [("pages_to_scan", "1000"), ("smart_scan", "0")]);

    [Fact]
    public void Perform_EqualPagesAtRest_MergeAndStay()
    {
        ulong?[] pages = [7, 7, 8, 9];
        PageRecording recording = Recordings.Of(60, [pages, pages], [pages, pages], [pages, pages]);

        ReplayOutcome outcome = Perform(recording, s_fast);

        // 7 four times, 8 and 9 twice: all eight addresses are merged on three frames.
        Assert.Equal((8L, 0L, 0L), (outcome.MergedAtEnd, outcome.Broken, outcome.Gone));
        Assert.Equal((5 * 4096) - (8 * 64), outcome.ProfitAtEnd);
        Assert.Equal(TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(Math.Floor(outcome.Length.TotalSeconds)));
        Assert.InRange(outcome.FullScans, 4900, 5100); // One batch a scan, and a sleep of 24 ms behind it.
    }

    [Fact]
    public void Perform_PagesThatChange_AreBrokenAgain()
    {
        PageRecording recording = Recordings.Of(60, [[7, 7], [7, 7]], [[1, 7], [2, 7]], [[1, 7], [null, 7]]);

        ReplayOutcome outcome = Perform(recording, s_fast);
        Volatility volatility = Volatility.Of(recording);

        Assert.Equal((2L, 4L, 2L), (outcome.Broken, outcome.Merged, outcome.MergedAtEnd));
        Assert.Equal(0.5, outcome.Erosion);
        Assert.Equal([2L, 0L], volatility.Intervals.Select(interval => interval.Changed));
        Assert.Equal([4L, 3L], volatility.Intervals.Select(interval => interval.Compared));
        Assert.Equal([3L, 2L], volatility.Intervals.Select(interval => interval.Contents));
        Assert.Equal(4, volatility.MostPages);
    }

    [Fact]
    public void Perform_MergedPagesThatGo_AreGivenBack()
    {
        PageRecording recording = Recordings.Of(60, [[7, 7, 7]], [[7, null, 7]], [[7, null, 7]]);

        ReplayOutcome outcome = Perform(recording, s_fast);

        Assert.Equal((1L, 0L, 2L), (outcome.Gone, outcome.Broken, outcome.MergedAtEnd));
    }

    [Fact]
    public void Perform_ZeroPages_GoToTheZeroFrameWhereAskedFor()
    {
        PageRecording recording = Recordings.Of(60, [[0, 0, 1]], [[0, 0, 1]]);

        Assert.Equal((2 * 4096) - 64, Perform(recording, new ReplayPolicy("zero", [("use_zero_pages", "1")])).ProfitAtEnd);
        Assert.Equal(4096 - (3 * 64), Perform(recording, new ReplayPolicy("plain", [])).ProfitAtEnd);
    }

    [Fact]
    public void Perform_SmartScan_SkipsWhatIsOldAndUnique()
    {
        ulong?[] unique = [.. Enumerable.Range(1, 500).Select(i => (ulong?)i)];
        PageRecording recording = Recordings.Of(20, [unique], [unique]);

        ReplayOutcome plain = Perform(recording, s_fast);
        ReplayOutcome smart = Perform(recording, new ReplayPolicy("smart", [("pages_to_scan", "1000"), ("smart_scan", "1")]));

        Assert.Equal(0, plain.PagesSkipped);
        Assert.InRange(smart.PagesSkipped, smart.PagesScanned * 6, smart.PagesScanned * 9);
        Assert.True(smart.CpuTime < plain.CpuTime);
    }

    [Theory]
    [InlineData("pages_to_scan", "-1", ExitCode.BadInput)]
    [InlineData("max_page_sharing", "1", ExitCode.BadInput)]
    public void Perform_RefusedSettings_AreOneError(string file, string value, int exitCode)
    {
        ToolException error = Assert.Throws<ToolException>(
            () => Perform(Recordings.Of(60, [[7]], [[7]]), new ReplayPolicy("x", [(file, value)])));

        Assert.Equal(exitCode, error.ExitCode);
        Assert.StartsWith("replay: x: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Usual_OfEveryHost_CanBeReplayed()
    {
        PageRecording recording = Recordings.Random(5);
        foreach (ReplayPolicy policy in ReplayPolicy.Usual(Recordings.Settings with { AdvisorTargetSeconds = 100 }))
        {
            _ = Perform(recording, policy);
        }
    }

    // The bound on wake-ups: a recording may claim a year, and settings no sleep at all.
    [Fact]
    public void Perform_YearWithoutSleep_IsRefused()
    {
        PageRecording recording = Recordings.Of(30_000_000, [[7]], [[7]]);

        ToolException error = Assert.Throws<ToolException>(
            () => Replay.Perform(
                recording, new ReplayPolicy("x", [("sleep_millisecs", "0"), ("pages_to_scan", "1")]), s_rounding, CancellationToken.None, mostBatches: 1000));

        Assert.Equal(ExitCode.Exhausted, error.ExitCode);
        Assert.Contains("more than 1000 wake-ups", error.Message, StringComparison.Ordinal);
    }

    private static ReplayOutcome Perform(PageRecording recording, ReplayPolicy policy) =>
        Replay.Perform(recording, policy, s_rounding, CancellationToken.None);
}
