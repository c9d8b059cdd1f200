using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Xml.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Commands;
using FastKsm.Cli.Scenarios.Shootdowns;
using Xunit;

namespace FastKsm.Tests.Cli.Scenarios;

/// <summary>The table against counts worked out by hand, and the plot against the table.</summary>
public sealed class ShootdownsScenarioTests : IDisposable
{
    private const int Pages = 600;
    private const int Others = 5;
    private const int Work = 60_000;
    private const int PageSharing = 256;

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"fastksm-plot-{Guid.NewGuid():N}.svg");

    [Fact]
    public void Table_RunsOfPages_OneFlushACallAndAnInterruptForEachOtherCpu()
    {
        JsonElement[] rows = Rows();

        (int Row, int Flushes)[] expected = [(0, Pages), (1, 20), (2, 19), (3, 2), (5, Pages), (6, 1)];
        foreach ((int row, int flushes) in expected)
        {
            Assert.Equal(flushes, Count(rows[row], "flush_operations"));
            Assert.Equal(flushes * Others, Count(rows[row], "requests"));
            Assert.Equal(flushes * Others, Count(rows[row], "interrupts"));
            Assert.Equal(flushes * Others, Count(rows[row], "receives"));
        }

        // All of the last page read are still in a second-level TLB of 1,536.
        Assert.Equal(Pages * Others, Count(rows[5], "useful_receives"));
        Assert.All(rows, row => Assert.Equal(0, Count(row, "violations")));
    }

    [Fact]
    public void Table_OtherKinds_TellByHardwareOrLeaveIdleCpusAlone()
    {
        JsonElement[] rows = Rows();

        JsonElement[] arm = [.. Where(rows, "shootdown", "arm64")];
        Assert.Equal(6, arm.Length);
        Assert.All(arm, row => Assert.Equal(0, Count(row, "interrupts")));
        Assert.All(arm, row => Assert.Equal(0, Count(row, "stolen_cycles")));

        // INVLPGB interrupts until the address space has an id of its own: twice.
        JsonElement invlpgb = Where(rows, "shootdown", "INVLPGB").First();
        Assert.Equal(2 * Others, Count(invlpgb, "interrupts"));

        // Of six CPUs three run. Idle ones are told of freed tables only, and not at all by a paravirtual host.
        JsonElement[] idle = [.. Where(rows, "cpus_running", "half")];
        Assert.True(Count(idle[0], "interrupts") > Pages * 2);
        Assert.Equal(Pages * 2, Count(idle[2], "interrupts"));
    }

    [Fact]
    public void Table_WritesAndMerging_FlushEachPage()
    {
        JsonElement[] rows = Rows();

        Assert.Equal(Pages + 1, Count(rows[^2], "flush_operations"));

        // Both pages of a merge, and the first of each KSM page alone.
        Assert.Equal((2 * Pages) - ((Pages + PageSharing - 1) / PageSharing), Count(rows[^1], "flush_operations"));
    }

    [Fact]
    public void Table_Rates_FollowFromCyclesWorkAndClock()
    {
        JsonElement[] rows = Rows("--ghz", "2");

        foreach (JsonElement row in rows)
        {
            double cycles = Work + row.GetProperty("initiator_cycles_per_page").GetDouble();
            double rate = row.GetProperty("interrupts_per_page").GetDouble() * 2e9 / cycles;
            Assert.Equal(rate, row.GetProperty("interrupts_per_second").GetDouble(), 1e-3);
        }

        // 800 and 4 times 120 to send; 700 under way, 700 and 150 and 270 in the handler, 5 times 120 until all
        // have been heard.
        double one = rows[5].GetProperty("initiator_cycles_per_page").GetDouble();
        Assert.Equal(800 + (4 * 120) + 700 + 700 + 150 + 270 + (5 * 120), one);
        Assert.Equal(Pages * Others * (700 + 150 + 270), Count(rows[5], "stolen_cycles"));
        Assert.Equal(1, rows[0].GetProperty("speedup").GetDouble());
        Assert.True(rows[4].GetProperty("speedup").GetDouble() > 1.06);
    }

    [Fact]
    public void Table_OnePageOnOneCpuWithoutOtherWork_HasNoInterruptsAndOnlyFigures()
    {
        JsonElement[] rows = Rows("--cpus", "1", "--pages", "1", "--work", "0");

        Assert.All(rows, row => Assert.Equal(0, Count(row, "interrupts")));
        Assert.All(rows, row => Assert.Equal(0, row.GetProperty("interrupts_per_second").GetDouble()));
    }

    [Fact]
    public void Report_RunTwice_IsTheSame() => Assert.Equal(Report(), Report());

    [Fact]
    public void Plot_OfTheTable_IsWellFormedAndHasThreeBarsForEachRow()
    {
        JsonElement[] rows = Rows("--plot", _file);

        XElement svg = XElement.Load(_file);
        Assert.Equal(rows.Length * 3, svg.Descendants(svg.Name.Namespace + "title").Count());
    }

    [Fact]
    public void Plot_ThatCannotBeWritten_IsOneClearError()
    {
        string file = Path.Combine(_file, "no", "folder.svg");
        ToolException exception = Assert.Throws<ToolException>(() => Rows("--plot", file));

        Assert.Equal(ExitCode.BadInput, exception.ExitCode);
        Assert.StartsWith($"scenario shootdowns: --plot {_file}", exception.Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private static long Count(JsonElement row, string column) => row.GetProperty(column).GetInt64();

    private static IEnumerable<JsonElement> Where(JsonElement[] rows, string column, string begins) =>
        rows.Where(row => row.GetProperty(column).GetString()!.StartsWith(begins, StringComparison.Ordinal));

    private static JsonElement[] Rows(params string[] options)
    {
        using JsonDocument document = JsonDocument.Parse(Report(options));
        JsonElement rows = document.RootElement.GetProperty("tables")[0].GetProperty("rows");
        return [.. rows.EnumerateArray().Select(row => row.Clone())];
    }

    private static string Report(params string[] options)
    {
        string[] size = options.Contains("--cpus", StringComparer.Ordinal)
            ? []
            : ["--cpus", $"{Others + 1}", "--pages", $"{Pages}"];
        using StringWriter output = new();
        ParseResult parsed = ScenarioCommand.Create([new ShootdownsScenario()])
            .Parse(["shootdowns", "--json", .. size, .. options]);
        Assert.Equal(ExitCode.Success, parsed.Invoke(new() { Output = output, EnableDefaultExceptionHandler = false }));
        return output.ToString();
    }
}
