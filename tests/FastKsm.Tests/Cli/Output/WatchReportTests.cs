using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Cli.Output.Text;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

public sealed class WatchReportTests
{
    private static readonly DateTime s_time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Local);

    [Fact]
    public void Write_Rounds_SayWhatChangedCameAndWent()
    {
        using StringWriter output = new() { NewLine = "\n" };
        WatchReport report = new(output, TerminalTraits.Plain, by: null, top: 20);

        report.Write(Result((1, 1000), (2, 500)), host: null, s_time);
        report.Write(Result((1, 1100), (3, 10)), host: null, s_time.AddSeconds(10));

        string[] blocks = output.ToString().Split("03:04:15");
        Assert.StartsWith("03:04:05 Not worth it:", blocks[0], StringComparison.Ordinal);
        Assert.DoesNotContain("since", blocks[0], StringComparison.Ordinal);
        Assert.Contains("+400 KiB", blocks[1], StringComparison.Ordinal); // 100 pages more are merged.
        Assert.Contains("new", blocks[1], StringComparison.Ordinal);
        Assert.Contains("Gone: 2 name2.", blocks[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Terminal_TakesThePlaceOfTheRoundBefore()
    {
        using StringWriter output = new() { NewLine = "\n" };
        TerminalTraits terminal = new(80, IsRewritable: true, UsesStyles: false, IsAscii: false);
        WatchReport report = new(output, terminal, by: OwnerKind.Command, top: 20);

        report.Write(Result((1, 1000)), host: null, s_time);
        report.End();

        Assert.StartsWith("\u001b[H\u001b[J03:04:05", output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\n\n", output.ToString(), StringComparison.Ordinal);
        Assert.All(output.ToString().Split('\n'), line => Assert.InRange(HarmlessText.WidthOf(line.Replace("\u001b[H\u001b[J", string.Empty, StringComparison.Ordinal)), 0, 80));
    }

    private static EvaluationResult Result(params (int Pid, long Merging)[] processes) => EvaluationResults.Of(default, 1) with
    {
        Processes =
        [
            .. processes.Select(process => new ProcessForecast(
                LiveProcess.Noted(process.Pid, new ProcessStat($"name{process.Pid}", 'S', false, (ulong)process.Pid)),
                new PageCounts { Pages = 2000, Merging = process.Merging },
                new List<VmaForecast>())),
        ],
    };
}
