using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Commands;

/// <summary>The command as its user meets it: output, one line of error, exit code.</summary>
[Trait("Category", "Live")]
public sealed class EvaluateCommandTests
{
    private static readonly string[] s_counters =
        ["pages", "pages_shared", "pages_sharing", "pages_unshared", "pages_volatile", "frames_before", "frames_after"];

    [Theory]
    [InlineData("say which processes", "evaluate")]
    [InlineData("no such process", "evaluate", "--pid", "2147483647")]
    [InlineData("a whole number, at least 1", "evaluate", "--pid", "-5")]
    [InlineData("--pid", "evaluate", "--pid", "x")]
    [InlineData("--bogus", "evaluate", "--bogus")]
    [InlineData("from 2 to", "evaluate", "--all", "--max-page-sharing", "1")]
    [InlineData("0 or 1", "evaluate", "--all", "--use-zero-pages", "2")]
    [InlineData("90s, 3m or 1h", "evaluate", "--all", "--target-scan-time", "soon")]
    [InlineData("from 1 to 1024", "evaluate", "--all", "--threads", "0")]
    [InlineData("take one of them", "evaluate", "--all", "--json", "--csv")]
    [InlineData("no running process matches", "evaluate", "--name", "no-such-name-*")]
    [InlineData("not in /etc/passwd", "evaluate", "--user", "no-such-user")]
    [InlineData("--merge", "exec", "--", "true")]
    [InlineData("cannot start", "exec", "--merge", "--", "/no/such/program")]
    [InlineData("--help", "frobnicate")]
    public void Run_BadInput_IsOneLineAndExitCodeTwo(string expected, params string[] arguments)
    {
        Tool tool = Tool.Run(arguments);

        Assert.Equal(ExitCode.BadInput, tool.ExitCode);
        Assert.Empty(tool.Output);
        Assert.StartsWith("fastksm: ", tool.Error, StringComparison.Ordinal);
        Assert.Contains(expected, tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Evaluate_Json_HasLinuxsCounterNames()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "100", "--unique", "20");
        string pid = workload.Pids[0].ToString(CultureInfo.InvariantCulture);

        Tool tool = Tool.Run("evaluate", "--pid", pid, "--json", "--target-scan-time", "3m", "--max-page-sharing", "256");

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        using JsonDocument json = JsonDocument.Parse(tool.Output);
        JsonElement total = json.RootElement.GetProperty("total");
        Assert.Equal("fastksm.evaluate/1", json.RootElement.GetProperty("schema").GetString());
        Assert.InRange(total.GetProperty("pages_sharing").GetInt64(), 99, 120);
        Assert.True(total.GetProperty("general_profit").GetInt64() > 90 * 4096);
        Assert.True(total.GetProperty("scan").GetProperty("cost_per_page_ns").GetDouble() > 0);
        Assert.InRange(total.GetProperty("target").GetProperty("scan_seconds").GetDouble(), 1, 180);
        JsonElement process = Assert.Single(json.RootElement.GetProperty("processes").EnumerateArray());
        Assert.Equal(workload.Pids[0], process.GetProperty("pid").GetInt32());
        Assert.Equal("known_pages", process.GetProperty("name").GetString());
        Assert.True(process.GetProperty("ksm_merging_pages").GetInt64() >= 100);
    }

    [Fact]
    public void Evaluate_Json_HasNoKeyThatTheReadmeDoesNotName()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "100");
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "tools/fastksm/README.md"));
        string image = Path.Combine(Path.GetTempPath(), $"fastksm-image-{workload.Pids[0]}");
        File.WriteAllBytes(image, new byte[3 * 4096]);

        Tool tool = Tool.Run(
            "evaluate", "--pid", workload.Pids[0].ToString(CultureInfo.InvariantCulture), "--json", "--target-scan-time", "3m",
            "--by", "command", "--nearly", "--compress", "--image", image, "--template", image);
        File.Delete(image);

        using JsonDocument json = JsonDocument.Parse(tool.Output);
        HashSet<string> keys = new(StringComparer.Ordinal);
        CollectKeys(json.RootElement, keys);
        Assert.True(keys.Count > 50);
        Assert.All(keys, key => Assert.Contains($"`{key}", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_Csv_HasAsManyFieldsInEveryLine()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "100");

        Tool tool = Tool.Run("evaluate", "--pid", workload.Pids[0].ToString(CultureInfo.InvariantCulture), "--csv");

        string[] lines = tool.Output.TrimEnd().Split('\n');
        Assert.True(lines.Length > 5);
        Assert.All(lines, line => Assert.Equal(lines[0].Split(',').Length, line.Split(',').Length));
    }

    [Fact]
    public void Evaluate_ByName_FindsTheProcessAndShowsATable()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "100");

        Tool tool = Tool.Run("evaluate", "--name", "known_p?g*", "--target-scan-time", "3m");

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.Contains("known_pages", tool.Output, StringComparison.Ordinal);
        Assert.Contains("general_profit", tool.Output, StringComparison.Ordinal);
        Assert.Contains("/sys/kernel/mm/ksm/pages_to_scan", tool.Output, StringComparison.Ordinal);
        Assert.Contains("MADV_MERGEABLE", tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_ProcessOfAnotherUser_IsNotPermitted()
    {
        Assert.SkipUnless(string.Equals(Environment.UserName, "root", StringComparison.Ordinal), "needs root, to become another user");
        using Workload workload = Workload.Start("known_pages", "--identical", "100");
        string pid = workload.Pids[0].ToString(CultureInfo.InvariantCulture);

        Tool tool = AsNobody("evaluate", "--pid", pid);

        Assert.Equal(ExitCode.NotPermitted, tool.ExitCode);
        Assert.Contains("may not be read", tool.Error, StringComparison.Ordinal);
    }

    // What fork shares is inferred from addresses then; the counters must come out the same.
    [Fact]
    public void Evaluate_OwnProcessesWithoutRoot_CountsAsRootDoes()
    {
        Assert.SkipUnless(string.Equals(Environment.UserName, "root", StringComparison.Ordinal), "needs root, to become another user");
        using Workload workload = Workload.StartAsNobody(
            "known_pages", "--identical", "300", "--unique", "500", "--zero", "100", "--children", "2", "--child-writes", "50");
        string[] arguments =
        [
            "evaluate", "--json", "--max-page-sharing", "256", "--use-zero-pages", "0",
            .. workload.Pids.SelectMany(pid => new[] { "--pid", pid.ToString(CultureInfo.InvariantCulture) }),
        ];

        Tool own = AsNobody(arguments);
        Tool root = Tool.Run(arguments);

        Assert.Equal(ExitCode.Success, own.ExitCode);
        Assert.False(FramesAreKnown(own));
        Assert.True(FramesAreKnown(root));
        Assert.Equal(Counters(root), Counters(own));
    }

    private static void CollectKeys(JsonElement element, HashSet<string> keys)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                _ = keys.Add(property.Name);
                CollectKeys(property.Value, keys);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                CollectKeys(item, keys);
            }
        }
    }

    private static bool FramesAreKnown(Tool tool)
    {
        using JsonDocument json = JsonDocument.Parse(tool.Output);
        return json.RootElement.GetProperty("host").GetProperty("frames_known").GetBoolean();
    }

    private static long[] Counters(Tool tool)
    {
        using JsonDocument json = JsonDocument.Parse(tool.Output);
        JsonElement total = json.RootElement.GetProperty("total");
        return
        [
            .. s_counters.Select(name => total.GetProperty(name).GetInt64()),
        ];
    }

    private static Tool AsNobody(params string[] arguments)
    {
        Tool tool = Tool.RunThrough("setpriv", [.. Workload.BecomeNobody, "dotnet", "exec", Tool.Assembly, .. arguments]);
        Assert.SkipWhen(
            tool.ExitCode is not (ExitCode.Success or ExitCode.NotPermitted),
            "needs a build that another user may read");
        return tool;
    }
}
