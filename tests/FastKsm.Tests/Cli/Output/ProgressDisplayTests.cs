using System;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Tasks;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Output;
using FastKsm.Tests.TestKit;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.Cli.Output;

public sealed class ProgressDisplayTests
{
    [Fact]
    public void Line_AnyWidth_FitsAndMovesWhileNothingElseDoes()
    {
        EvaluationProgress progress = new() { ProcessCount = 4_194_304 };
        progress.Read(1_000_000_000);

        for (int width = 20; width <= 120; width++)
        {
            string first = ProgressDisplay.Line(progress, TimeSpan.FromSeconds(1), turn: 0, width);
            string second = ProgressDisplay.Line(progress, TimeSpan.FromSeconds(1), turn: 1, width);

            Assert.InRange(first.Length, 1, width);
            Assert.NotEqual(first, second, StringComparer.Ordinal);
        }
    }

    [Fact]
    public void Line_Waiting_SaysForWhatAndHowLong()
    {
        EvaluationProgress progress = new() { ProcessCount = 1 };

        progress.Wait("waiting for pages to change", TimeSpan.FromHours(1));

        Assert.Contains("waiting for pages to change: 36", ProgressDisplay.Line(progress, default, 0, null), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [Trait("Category", "Live")]
    public async Task Evaluate_Interrupted_EndsWithOneLineAndTheSignalsExitCode(string signal, int exitCode)
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "100");
        string pid = workload.Pids[0].ToString(CultureInfo.InvariantCulture);

        // The progress in plain lines says when the wait has begun.
        using HostProcess tool = HostProcess.Start(new ProcessStartInfo(
            "dotnet", ["exec", Tool.Assembly, "evaluate", "--pid", pid, "--observe", "1h"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        string? progress = await tool.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        using (HostProcess kill = HostProcess.Start("kill", ["-" + signal, tool.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        string error = await tool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await tool.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.StartsWith("fastksm: waiting for pages to change", progress, StringComparison.Ordinal);
        Assert.Equal("fastksm: evaluate: interrupted.", error.Trim());
        Assert.Empty(await tool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(exitCode, tool.ExitCode);
    }
}
