using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Tests.TestKit;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.Cli.Commands;

/// <summary>watch, record and replay as their user meets them.</summary>
[Trait("Category", "Live")]
public sealed class RecordCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fastksm-record-").FullName;

    private string File => Path.Combine(_folder, "r.ksmrec");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void RecordAndReplay_KnownPages_MergeAsTheyShould()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "1000", "--unique", "200");
        string pid = workload.Pids[0].ToString(CultureInfo.InvariantCulture);

        Tool record = Tool.Run("record", File, pid, "--every", "300ms", "--for", "900ms");
        Tool text = Tool.Run("replay", File);
        using JsonDocument json = JsonDocument.Parse(Tool.Run("replay", File, "--with", "pages_to_scan=100000", "--json").Output);

        Assert.Equal((ExitCode.Success, string.Empty), (record.ExitCode, record.Output));
        Assert.StartsWith("fastksm: record: 4 samples of 1 processes over ", record.Error, StringComparison.Ordinal);
        Assert.Contains("as recorded", text.Output, StringComparison.Ordinal);
        Assert.Contains("erosion", text.Output, StringComparison.Ordinal);
        JsonElement policy = json.RootElement.GetProperty("policies")[0];
        Assert.Equal(4, json.RootElement.GetProperty("samples").GetInt32());
        Assert.InRange(policy.GetProperty("addresses_merged").GetInt64(), 1000, 1300);
        Assert.Equal(0, policy.GetProperty("broken").GetInt64());
        Assert.Equal(0, json.RootElement.GetProperty("volatility_most").GetDouble(), 2);
    }

    [Fact]
    public void Record_Interrupted_WritesWhatThereIs()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "100");
        using HostProcess process = HostProcess.Start(new ProcessStartInfo(
            "dotnet",
            ["exec", Tool.Assembly, "record", File, workload.Pids[0].ToString(CultureInfo.InvariantCulture), "--every", "200ms", "--for", "1h"])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        System.Threading.Thread.Sleep(4000);

        Tool.RunThrough("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.StartsWith("fastksm: record: ", error, StringComparison.Ordinal);
        Assert.Equal(System.IO.File.Exists(File), process.ExitCode == ExitCode.Success);
    }

    [Fact]
    public void Watch_Pipe_IsOneBlockARound()
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "1000");

        Tool tool = Tool.Run("watch", workload.Pids[0].ToString(CultureInfo.InvariantCulture), "--every", "100ms", "--rounds", "3");

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.DoesNotContain('\u001b', tool.Output);
        string[] lines = tool.Output.Split('\n');
        Assert.Equal(3, Array.FindAll(lines, line => line.Contains(" would be saved in 1 process", StringComparison.Ordinal)).Length);
        Assert.Equal(2, Array.FindAll(lines, line => line.Contains("(no change since)", StringComparison.Ordinal)).Length);
    }

    [Theory]
    [InlineData("watch: say which processes", "watch")]
    [InlineData("--rounds 0: from 1 on", "watch", "1", "--rounds", "0")]
    [InlineData("record: say which processes", "record", "/tmp/x")]
    [InlineData("record: /no/such/file: not a file in a folder that is there", "record", "/no/such/file", "1")]
    [InlineData("replay: cannot read the recording", "replay", "/no/such/file")]
    [InlineData("/etc/passwd: no recording, at byte 0: no recording of fastksm", "replay", "/etc/passwd")]
    [InlineData("'pages_to_scn=1' is no SETTING=VALUE", "replay", "/etc/passwd", "--with", "pages_to_scn=1")]
    public void Run_Mistake_IsOneLine(string expected, params string[] arguments)
    {
        Tool tool = Tool.Run(arguments);

        Assert.Equal(ExitCode.BadInput, tool.ExitCode);
        Assert.Contains(expected, tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }
}
