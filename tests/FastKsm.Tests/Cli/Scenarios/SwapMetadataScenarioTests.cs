using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Xml.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Commands;
using FastKsm.Cli.Scenarios.SwapMetadata;
using Xunit;

namespace FastKsm.Tests.Cli.Scenarios;

/// <summary>The table against the published figures, and the plot against the table.</summary>
public sealed class SwapMetadataScenarioTests : IDisposable
{
    private const int Slots = 1 << 18;
    private const int Clusters = Slots / 512;

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"fastksm-plot-{Guid.NewGuid():N}.svg");

    [Fact]
    public void Table_OfEachLayout_HasThePublishedFigures()
    {
        JsonElement[] rows = Rows();

        Assert.Equal(18, rows.Length);
        Assert.Equal(Slots * 3.1875, rows[0].GetProperty("static_reserved_bytes").GetDouble());
        Assert.Equal(Slots * 0.09375, rows[6].GetProperty("static_reserved_bytes").GetDouble());
        Assert.Equal(Slots * 24.0 / 512, rows[12].GetProperty("static_reserved_bytes").GetDouble());
        Assert.Equal(Clusters * 4096, rows[4].GetProperty("table_bytes").GetInt64());
        Assert.Equal(Clusters * (4096 + 1024), rows[10].GetProperty("table_bytes").GetInt64());
        Assert.Equal(Clusters * 2048, rows[16].GetProperty("table_bytes").GetInt64());
        foreach (JsonElement row in rows.Take(12))
        {
            double bytes = row.GetProperty("bytes_per_slot").GetDouble();
            Assert.InRange(bytes / row.GetProperty("published_bytes_per_slot").GetDouble(), 0.8, 2.5);
        }
    }

    [Fact]
    public void Table_OneSlotACluster_CompactTakesACacheLine()
    {
        JsonElement[] rows = Rows();

        Assert.Equal(Clusters, rows[17].GetProperty("used_slots").GetInt64());
        Assert.Equal(Clusters * 64, rows[17].GetProperty("table_bytes").GetInt64());
        Assert.True(rows[5].GetProperty("bytes_per_used_slot").GetDouble() > 4096);
        Assert.True(rows[11].GetProperty("bytes_per_used_slot").GetDouble() > 4096);
    }

    [Fact]
    public void Plot_OfTheTable_IsWellFormedAndHasABarForEachRow()
    {
        _ = Rows("--plot", _file);

        XElement svg = XElement.Load(_file);
        Assert.Equal(18, svg.Descendants().Count(element => string.Equals(element.Name.LocalName, "title", StringComparison.Ordinal)));
        Assert.Equal(18, svg.Descendants().Count(element => string.Equals((string?)element.Attribute("fill"), "none", StringComparison.Ordinal)));
    }

    [Fact]
    public void Plot_ThatCannotBeWritten_IsOneClearError()
    {
        ToolException exception = Assert.Throws<ToolException>(() => Rows("--plot", Path.Combine(_file, "no", "folder.svg")));

        Assert.Equal(ExitCode.BadInput, exception.ExitCode);
        Assert.StartsWith($"scenario swap-metadata: --plot {_file}", exception.Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private static JsonElement[] Rows(params string[] options)
    {
        using StringWriter output = new();
        ParseResult parsed = ScenarioCommand.Create([new SwapMetadataScenario()])
            .Parse(["swap-metadata", "--json", "--slots", $"{Slots}", .. options]);
        Assert.Equal(ExitCode.Success, parsed.Invoke(new() { Output = output, EnableDefaultExceptionHandler = false }));
        using JsonDocument document = JsonDocument.Parse(output.ToString());
        return [.. document.RootElement.GetProperty("tables")[0].GetProperty("rows").EnumerateArray().Select(row => row.Clone())];
    }
}
