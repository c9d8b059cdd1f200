using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Cli.Commands;
using FastKsm.Cli.Scenarios.ZeroColours;
using Xunit;

namespace FastKsm.Tests.Cli.Scenarios;

public sealed class ZeroColoursScenarioTests
{
    private const int Pages = 256;
    private const int WordsOfAPage = 512;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(4, 1)]
    [InlineData(8, 1)]
    [InlineData(64, 0)]
    public void Reads_ByVirtuallyIndexedCache_AllHitOnceThereIsAFrameForEachColour(int colours, int allHit)
    {
        JsonElement row = Rows("--cpu", "z10", "--colours", $"{colours}")[2];

        // Lines are 256 bytes: where a page misses, one word of 32 does. 64 frames hit as badly: they need 256 KiB.
        int missed = allHit == 1 ? 0 : Pages * 16;
        Assert.Equal(colours, row.GetProperty("frames").GetInt32());
        Assert.Equal(Pages, row.GetProperty("ksm_zero_pages").GetInt64());
        Assert.Equal((Pages * WordsOfAPage) - missed, row.GetProperty("l1_hits").GetInt64());
        Assert.Equal(missed, row.GetProperty("l2_hits").GetInt64());
        Assert.Equal(4 + (missed == 0 ? 0 : 10.0 / 32), row.GetProperty("cycles_per_read").GetDouble(), 1e-9);
    }

    [Fact]
    public void Reads_ByPhysicallyIndexedCache_OneFrameHitsAsWellAsAny()
    {
        JsonElement[] rows = Rows("--cpu", "zen4", "--colours", "1,8,16");

        Assert.Equal(Pages * WordsOfAPage, rows[2].GetProperty("l1_hits").GetInt64());
        Assert.Equal(Pages * WordsOfAPage, rows[3].GetProperty("l1_hits").GetInt64());

        // 64 KiB in order through 32 KiB: the first word of each line misses.
        Assert.Equal(Pages * 64, rows[4].GetProperty("l2_hits").GetInt64());
    }

    [Fact]
    public void Tables_NotMergedAndMergedWithoutZeroFrames_AreWhatTheyAreCalled()
    {
        JsonElement[] rows = RowsOf(600, "--cpu", "zen4", "--colours", "1");

        Assert.Equal("not merged", rows[0].GetProperty("held_by").GetString());
        Assert.Equal(600, rows[0].GetProperty("frames").GetInt32());
        Assert.Equal(3, rows[1].GetProperty("frames").GetInt32()); // max_page_sharing is 256.
        Assert.Equal(0, rows[1].GetProperty("ksm_zero_pages").GetInt64());
    }

    [Fact]
    public void Run_SameSeed_GivesTheSameText()
    {
        string[] arguments = ["--order", "random", "--pages", "512", "--colours", "1,4"];
        string text = Run(arguments);

        Assert.Equal(text, Run(arguments), StringComparer.Ordinal);
        Assert.NotEqual(text, Run([.. arguments, "--seed", "2"]), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("--colours", "3")]
    [InlineData("--l1-ways", "3")]
    public void Run_OptionsThatMakeNoCache_AreRefused(string option, string value)
    {
        ToolException exception = Assert.Throws<ToolException>(() => Run([option, value]));

        Assert.Equal(ExitCode.BadInput, exception.ExitCode);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void LevelOptions_Given_ChangeTheCache()
    {
        // Made physical, z10's first level has no synonyms.
        JsonElement row = Rows("--cpu", "z10", "--colours", "1", "--l1-index", "physical", "--l1-cycles", "3")[2];

        Assert.Equal(Pages * WordsOfAPage, row.GetProperty("l1_hits").GetInt64());
        Assert.Equal(3, row.GetProperty("cycles_per_read").GetDouble());
    }

    private static JsonElement[] Rows(params string[] arguments) => RowsOf(Pages, arguments);

    private static JsonElement[] RowsOf(int pages, params string[] arguments)
    {
        using JsonDocument document = JsonDocument.Parse(Run(["--pages", $"{pages}", "--json", .. arguments]));
        return [.. document.RootElement.GetProperty("tables")[0].GetProperty("rows").EnumerateArray().Select(row => row.Clone())];
    }

    private static string Run(string[] arguments)
    {
        using StringWriter output = new();
        RootCommand root = new() { ScenarioCommand.Create([new ZeroColoursScenario()]) };
        int exitCode = root.Parse(["scenario", "zero-colours", .. arguments])
            .Invoke(new() { Output = output, EnableDefaultExceptionHandler = false });
        Assert.Equal(ExitCode.Success, exitCode);
        return output.ToString();
    }
}
