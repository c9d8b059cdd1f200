using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Cli.Commands;
using FastKsm.Cli.Scenarios;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Scenarios;

public sealed class ScenarioCommandTests
{
    [Fact]
    public void Scenario_WithoutAName_ListsEachOnALine()
    {
        (int exitCode, string output) = Run([]);

        Assert.Equal(ExitCode.Success, exitCode);
        Assert.Equal("sums  Adds numbers.\n", output);
    }

    [Fact]
    public void Scenario_Help_ListsEachWithItsSummary()
    {
        (int exitCode, string output) = Run(["--help"]);

        Assert.Equal(ExitCode.Success, exitCode);
        Assert.Matches("sums +Adds numbers\\.", output);
    }

    [Fact]
    public void Scenario_Named_ShowsCommandTablesAndNotes()
    {
        (int exitCode, string output) = Run(["sums", "--first", "40"]);

        Assert.Equal(ExitCode.Success, exitCode);
        string[] lines = [.. output.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        Assert.Equal("Adds numbers.", lines[0]);
        Assert.Equal("fastksm scenario sums --first 40 --seed 1", lines[1]);
        Assert.Equal("Sums", lines[2]);
        Assert.Matches("^what +sum +took \\(wall clock\\)$", lines[3]);
        Assert.Matches("^one more +1,041\\.50 +12$", lines[5]);
        Assert.Equal("All of it was added here.", lines[^1]);
    }

    [Fact]
    public void Scenario_Json_HasEveryFigureUnrounded()
    {
        (int exitCode, string output) = Run(["sums", "--json", "--seed", "18446744073709551615", "--others", "7"]);

        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement root = document.RootElement;
        Assert.Equal(ExitCode.Success, exitCode);
        Assert.Equal("fastksm.scenario/1", root.GetProperty("schema").GetString());
        Assert.Equal(ulong.MaxValue, root.GetProperty("seed").GetUInt64());
        Assert.Equal("7", root.GetProperty("options").GetProperty("others").GetString());
        JsonElement table = root.GetProperty("tables")[0];
        Assert.Equal("took_ms", table.GetProperty("wall_clock")[0].GetString());
        JsonElement row = table.GetProperty("rows")[0];
        Assert.Equal("one more", row.GetProperty("what").GetString());
        Assert.Equal(1004.501, row.GetProperty("sum").GetDouble());
        Assert.Equal(12, row.GetProperty("took_ms").GetInt64());
    }

    [Theory]
    [InlineData("sums", "--first", "101")]
    [InlineData("sums", "--first", "many")]
    [InlineData("sums", "--others", "1,9")]
    [InlineData("sums", "--others", "1,,2")]
    [InlineData("sums", "--share", "1.5")]
    [InlineData("sums", "--share", "half")]
    [InlineData("sums", "--share", "NaN")]
    [InlineData("sums", "--seed", "-1")]
    [InlineData("products")]
    public void Scenario_BadOption_IsAnErrorOfUsage(params string[] arguments)
    {
        ParseResult parsed = ScenarioCommand.Create([new Sums()]).Parse(arguments);

        Assert.NotEmpty(parsed.Errors);
    }

    [Fact]
    public void Scenario_OutOfFrames_ExitsAsExhausted()
    {
        ParseResult parsed = ScenarioCommand.Create([new Sums()]).Parse(["sums", "--first", "13"]);

        ToolException exception = Assert.Throws<ToolException>(
            () => parsed.Invoke(new() { Output = TextWriter.Null, EnableDefaultExceptionHandler = false }));

        Assert.Equal(ExitCode.Exhausted, exception.ExitCode);
        Assert.StartsWith("scenario sums: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tool_UnknownScenario_ExitsWithBadInputAndOneLine()
    {
        Tool tool = Tool.Run("scenario", "nonesuch");

        Assert.Equal(ExitCode.BadInput, tool.ExitCode);
        Assert.Empty(tool.Output);
        Assert.Equal(1, tool.Error.Count(character => character == '\n'));
        Assert.Contains("nonesuch", tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tool_EveryScenarioOfTheCatalog_IsListedInOrder()
    {
        Tool tool = Tool.Run("scenario");

        string[] listed = [.. tool.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0])];
        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.Equal(ScenarioCatalog.All.Select(scenario => scenario.Name), listed, StringComparer.Ordinal);
        Assert.Equal(listed.Order(StringComparer.Ordinal), listed, StringComparer.Ordinal);
    }

    private static (int ExitCode, string Output) Run(string[] arguments)
    {
        using StringWriter output = new() { NewLine = "\n" };
        RootCommand root = new() { ScenarioCommand.Create([new Sums()]) };
        int exitCode = root.Parse(["scenario", .. arguments]).Invoke(new() { Output = output });
        return (exitCode, output.ToString());
    }

    private sealed class Sums : IScenario
    {
        private readonly Option<long> _first = ScenarioOption.Number("--first", "The first number.", 1, 0, 100);
        private readonly Option<long[]> _others = ScenarioOption.Numbers("--others", "The others.", [1, 2], 1, 8);
        private readonly Option<double> _share = ScenarioOption.Fraction("--share", "Of one more.", 0.5, 0, 1);

        public string Name => "sums";

        public string Summary => "Adds numbers.";

        public IReadOnlyList<Option> Options => [_first, _others, _share];

        public ScenarioReport Run(ParseResult options, ulong seed)
        {
            if (options.GetValue(_first) == 13)
            {
                throw new OutOfFramesException();
            }

            ScenarioTable table = new(
                "sums", "Sums", new("what", "what", IsFigure: false), new("sum", "sum"), new("took_ms", "took", IsWallClock: true));
            double sum = 996.001 + options.GetValue(_first) + options.GetValue(_others)!.Sum() + options.GetValue(_share);
            table.Add("one more", ScenarioCell.Of(seed == 1 ? sum + 2 - 0.001 : sum, 2), 12L);
            return new ScenarioReport { Tables = [table], Notes = ["All of it was added here."] };
        }
    }
}
