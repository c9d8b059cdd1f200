using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

/// <summary>Names that were chosen to do harm, planted in everything that the tool shows a name of.</summary>
[Trait("Category", "Live")]
public sealed class HostileNamesTests : IDisposable
{
    private const string ProcessName = "\u001b[2J\u202eEV\nIL";
    private const string Argument = "\u001b]0;title\u0007\u009b7m\u2066\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("fastksm-names-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("--vmas", "--top", "0", "--target-scan-time", "3m")]
    [InlineData("--csv")]
    [InlineData("--openmetrics")]
    [InlineData("--json")]
    [InlineData("--by", "command")]
    [InlineData("--by", "command", "--csv")]
    public void Evaluate_HostileNames_AreHarmlessInEveryForm(params string[] options)
    {
        using Workload workload = Workload.Start("named", ProcessName, Path.Combine(_folder, "f\u001b[7m\u0007\u202e\"x"));
        string pids = string.Join(',', workload.Pids); // The second one is a zombie: "Not counted".

        Tool tool = Tool.Run(["evaluate", "--pid", pids, .. options]);

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        AssertHarmless(tool.Output);
        AssertHarmless(tool.Error);
        if (Array.IndexOf(options, "--by") >= 0)
        {
            return; // By owner, processes are not named.
        }

        Assert.Contains("EV\\nIL", tool.Output.Replace("\\\\n", "\\n", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_Json_HasTheNamesAsTheyAre()
    {
        using Workload workload = Workload.Start("named", ProcessName, Path.Combine(_folder, "file"));

        Tool tool = Tool.Run("evaluate", "--pid", workload.Pids[0].ToString(CultureInfo.InvariantCulture), "--json");

        using JsonDocument json = JsonDocument.Parse(tool.Output);
        Assert.Equal(ProcessName, json.RootElement.GetProperty("processes")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void Evaluate_Html_HasTheNamesAsText()
    {
        using Workload workload = Workload.Start("named", "<b>" + ProcessName, Path.Combine(_folder, "file"));
        string page = Path.Combine(_folder, "page.html");

        Tool tool = Tool.Run("evaluate", "--pid", workload.Pids[0].ToString(CultureInfo.InvariantCulture), "--html", page);
        Tool refused = Tool.Run("evaluate", "--pid", workload.Pids[0].ToString(CultureInfo.InvariantCulture), "--html", "/no/such/" + Argument);

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        AssertHarmless(File.ReadAllText(page));
        Assert.Contains("&lt;b&gt;", File.ReadAllText(page), StringComparison.Ordinal);
        AssertError(refused, ExitCode.BadInput);
        Assert.Contains("--html /no/such/", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_ZombieAlone_IsNamedHarmlessly()
    {
        using Workload workload = Workload.Start("named", ProcessName, Path.Combine(_folder, "file"));

        Tool tool = Tool.Run("evaluate", "--pid", workload.Pids[1].ToString(CultureInfo.InvariantCulture));

        AssertError(tool, ExitCode.BadInput);
        Assert.Contains("zombie", tool.Error, StringComparison.Ordinal);
    }

    public static TheoryData<string[]> CommandLines => new(
        ["evaluate", Argument],
        ["evaluate", "--name", Argument],
        ["evaluate", "--user", Argument],
        ["evaluate", "--pid", Argument],
        ["evaluate", "--" + Argument],
        ["evaluate", "--all", "--target-scan-time", Argument],
        ["evaluate", "--all", "--fail-under", Argument],
        ["evaluate", "--all", "--max-page-sharing", Argument],
        ["evaluate", "--all", "--use-zero-pages", Argument],
        ["evaluate", "--pid", "1", "--output", "/no/such/" + Argument],
        [Argument],
        ["exec", "--merge", "--", "/no/such/" + Argument],
        ["run", "/no/such/" + Argument],
        ["run", "--index", Argument, "x"],
        ["run", "--events", "/no/such/" + Argument, Path.Combine(Repository.Root, "tests/scripts/ksm/example.ksm")],
        ["scenario", Argument],
        ["scenario", "zero-colours", "--colours", Argument],
        ["conform", "/no/such/" + Argument]);

    [Theory]
    [MemberData(nameof(CommandLines))]
    public void Run_HostileArgument_IsOneHarmlessLine(string[] arguments)
    {
        Tool tool = Tool.Run(arguments);

        Assert.Empty(tool.Output);
        AssertError(tool, tool.ExitCode == ExitCode.NotPermitted ? ExitCode.NotPermitted : ExitCode.BadInput);
    }

    [Fact]
    public void Run_HostileScript_IsHarmless()
    {
        string script = Path.Combine(_folder, "s\u001b[31m.ksm");
        File.WriteAllText(script, "map \u001b[2J\u202e 1\n");

        AssertError(Tool.Run("run", script), ExitCode.BadInput);

        File.WriteAllText(script, string.Empty);
        Tool tool = Tool.Run("run", script);
        AssertHarmless(tool.Output + tool.Error);
    }

    // Nothing in the tool reaches people by another way than the one that makes text harmless.
    [Fact]
    public void Sources_OutsideOfOutput_DoNotWriteToTheConsole()
    {
        List<string> offenders = [];
        string tool = Path.Combine(Repository.Root, "tools/fastksm");
        foreach (string file in Directory.EnumerateFiles(tool, "*.cs", SearchOption.AllDirectories))
        {
            string text = File.ReadAllText(file);
            bool isAllowed = file.Contains("/Output/", StringComparison.Ordinal) || file.EndsWith("/CommandLine.cs", StringComparison.Ordinal);
            if (!isAllowed && (text.Contains("Console.Write", StringComparison.Ordinal) || text.Contains("Console.Out", StringComparison.Ordinal)
                || text.Contains("Console.Error", StringComparison.Ordinal)))
            {
                offenders.Add(file);
            }
        }

        Assert.Empty(offenders);
    }

    private static void AssertError(Tool tool, int exitCode)
    {
        Assert.Equal(exitCode, tool.ExitCode);
        Assert.StartsWith("fastksm: ", tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd('\n').Split('\n'));
        AssertHarmless(tool.Error);
    }

    private static void AssertHarmless(string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            Assert.False(
                rune.Value != '\n' && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format,
                $"U+{rune.Value:x4} in: {text.Replace("\u001b", "<ESC>", StringComparison.Ordinal)}");
        }
    }
}
