using System;
using System.IO;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Scripting;

/// <summary><c>fastksm run</c> as its user meets it: output, one line of error, exit code.</summary>
public sealed class RunCommandTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(ExitCode.Failed, "spawn A\nexpect A.map_count=1", "2:8: expected A.map_count=1, is 0")]
    [InlineData(ExitCode.Failed, "spawn A\nmap A h 1 none\nread A h", "3:1: read was refused with SIGSEGV")]
    [InlineData(ExitCode.BadInput, "print pages_shraed", "1:7: there is no counter 'pages_shraed' of a machine")]
    [InlineData(ExitCode.BadInput, "print B.map_count", "1:7: ")]
    [InlineData(ExitCode.BadInput, "expect-error EINVAL print run", "1:21: expect-error takes an operation that does something")]
    [InlineData(ExitCode.BadInput, "spawn A\nscna 2", "2:1: there is no operation 'scna'")]
    [InlineData(ExitCode.BadInput, "spawn A\nswapon s 100", "2:1: not implemented yet: swapon")]
    [InlineData(ExitCode.BadInput, "spawn A\nread A h", "2:8: the process has no region 'h'")]
    [InlineData(ExitCode.BadInput, "machine cpus=4097", "1:1: machine: Expected 1 to 4096 but got 4097")]
    [InlineData(ExitCode.Exhausted, "machine frames=4\nspawn A\nmap A h 5\nfill A h same 1", "4:1: fill: No page frame is free: WritePage at 0x1000004000.")]
    [InlineData(
        ExitCode.Exhausted, "machine frames=4\nspawn A\nmap A h 4\nadvise A h mergeable\nfill A h same 1\nscan 2\nspawn B\nmap B h 3\n"
        + "fill B h unique 2\nrun 2", "10:1: run: No page frame is free: Run.")]
    [InlineData(
        ExitCode.Exhausted, "spawn A\nmap A h 1000000000\nread A h", "3:1: read: the script touches more than 268435456 pages in all")]
    public void Run_ScriptThatEndsEarly_IsOneLineAndItsExitCode(int exitCode, string script, string expected)
    {
        File.WriteAllText(_file, script);

        Tool tool = Tool.Run("run", _file);

        Assert.Equal(exitCode, tool.ExitCode);
        Assert.Empty(tool.Output);
        Assert.StartsWith($"fastksm: {_file}:{expected}", tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Run_Print_ShowsCountersWhereTheyStand()
    {
        File.WriteAllText(
            _file, "spawn A\nmap A h 4\nadvise A h mergeable\nfill A h same 7\nscan 2\nprint pages_shared pages_sharing A.ksm_merging_pages A.h.KSM run\n");

        Tool text = Tool.Run("run", _file);
        using JsonDocument json = JsonDocument.Parse(Tool.Run("run", _file, "--json").Output);

        Assert.StartsWith("line 6: pages_shared=1 pages_sharing=3 A.ksm_merging_pages=4 A.h.KSM=16 run=1\n", text.Output, StringComparison.Ordinal);
        JsonElement printed = Assert.Single(json.RootElement.GetProperty("printed").EnumerateArray());
        Assert.Equal(6, printed.GetProperty("line").GetInt32());
        Assert.Equal(3, printed.GetProperty("values").GetProperty("pages_sharing").GetInt64());
    }

    [Fact]
    public void Run_Operations_AreListedWithExamples()
    {
        Tool tool = Tool.Run("run", "--operations");

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.Contains("    print pages_shared pages_sharing A.ksm_merging_pages   # ", tool.Output, StringComparison.Ordinal);
        Assert.Contains("smart_scan=0", tool.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadInput, Tool.Run("run").ExitCode);
    }

    [Theory]
    [InlineData("machine frames=1000000\nspawn A\nmap A h 900000\nfill A h unique 1", "4:1: fill: The host has no memory")]
    [InlineData("spawn A\nmap A h 4000000000\nread A h[0..3999999999:512]", "3:1: read: The host has no memory")]
    public void Run_HostWithoutMemory_IsOneLineAndExitCodeFour(string script, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: ulimit -d");
        File.WriteAllText(_file, script);

        // 600 MB for data: room for the runtime, none for 3.5 GiB of frames or 30 GiB of page tables.
        Tool tool = Tool.RunThrough("sh", ["-c", "ulimit -d 600000 && exec \"$@\"", "sh", "dotnet", "exec", Tool.Assembly, "run", _file]);

        Assert.Equal((ExitCode.Exhausted, string.Empty), (tool.ExitCode, tool.Output));
        Assert.StartsWith($"fastksm: {_file}:{expected}", tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }

    // 4,096 pages in two processes, which is more than a batch needs for hashing threads to take part in it.
    [Theory]
    [InlineData("tree")]
    [InlineData("fingerprint")]
    public void Run_AnyNumberOfHashingThreads_LeavesTheSameEvents(string index)
    {
        File.WriteAllText(
            _file,
            """
            ksm use_zero_pages=1 max_page_sharing=16 smart_scan=1
            spawn A
            map A heap 2048
            advise A heap mergeable
            fill A heap[0..499] same 7
            fill A heap[500..999] same 0
            fill A heap[1000..2047] unique 100
            fork A B
            fill B heap[1000..1499] unique 1500
            fill B heap[1500..1999] unique 1100
            scan 2
            fill A heap[100..199] unique 5000
            scan 3
            run 2
            exit A
            """);
        string log = _file + ".events";
        try
        {
            byte[][] logs = Array.ConvertAll([1, 2, 8], threads =>
            {
                Tool tool = Tool.Run("run", _file, "--index", index, "--events", log, "--hashing-threads", $"{threads}");
                Assert.Equal((ExitCode.Success, string.Empty), (tool.ExitCode, tool.Error));
                return File.ReadAllBytes(log);
            });

            string[] lines = File.ReadAllLines(log);
            Assert.True(logs[0].AsSpan().SequenceEqual(logs[1]), "Two threads left other events than one.");
            Assert.True(logs[0].AsSpan().SequenceEqual(logs[2]), "Eight threads left other events than one.");
            Assert.Equal("ksm_enter mm=1", lines[0]);
            Assert.Contains("ksm_start_scan seq=0 rmap_entries=0", lines, StringComparer.Ordinal);
            Assert.Contains(lines, line => line.StartsWith("ksm_merge_with_ksm_page ksm_page=", StringComparison.Ordinal));
            Assert.True(lines.Length > 1000, $"{lines.Length} events are few for 4,096 pages.");
        }
        finally
        {
            File.Delete(log);
        }
    }

    [Theory]
    [InlineData("--hashing-threads", "0", "--hashing-threads takes 1 to 256, not 0")]
    [InlineData("--hashing-threads", "257", "--hashing-threads takes 1 to 256, not 257")]
    [InlineData("--events", "/no/such/folder/events", "cannot write the events to /no/such/folder/events")]
    public void Run_BadOption_IsOneLineAndExitCodeTwo(string option, string value, string expected)
    {
        File.WriteAllText(_file, "spawn A");

        Tool tool = Tool.Run("run", _file, option, value);

        Assert.Equal(ExitCode.BadInput, tool.ExitCode);
        Assert.Contains(expected, tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Run_BadLineAtTheEnd_PerformsNothingBeforeIt()
    {
        File.WriteAllText(_file, "machine frames=4\nspawn A\nmap A h 5\nfill A h same 1\nscan zero");

        Tool tool = Tool.Run("run", _file, "--json");

        Assert.Equal((ExitCode.BadInput, string.Empty), (tool.ExitCode, tool.Output));
        Assert.StartsWith($"fastksm: {_file}:5:6: expected a count from 1 to 1000000 but read 'zero'", tool.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cannot read the script", "/no/such/file.ksm")]
    [InlineData("cannot read the script", "/")]
    [InlineData("'tree' 'fingerprint'", "x.ksm", "--index", "guess")]
    [InlineData("Try 'fastksm run --help'.")]
    public void Run_BadUsage_IsOneLineAndExitCodeTwo(string expected, params string[] arguments)
    {
        Tool tool = Tool.Run(["run", .. arguments]);

        Assert.Equal(ExitCode.BadInput, tool.ExitCode);
        Assert.Contains(expected, tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("tree")]
    [InlineData("fingerprint")]
    public void Run_Json_HasCountersOfMachineAndProcesses(string index)
    {
        File.WriteAllText(_file, "machine frames=16\nspawn A\nmap A heap 3\nfill A heap unique 1\nfork A B\nspawn C\nexit C\nprctl B merge=on");

        Tool tool = Tool.Run("run", _file, "--json", "--index", index);

        Assert.Equal((ExitCode.Success, string.Empty), (tool.ExitCode, tool.Error));
        using JsonDocument json = JsonDocument.Parse(tool.Output);
        JsonElement root = json.RootElement;
        Assert.Equal("fastksm.run/1", root.GetProperty("schema").GetString());
        Assert.Equal(8, root.GetProperty("operations").GetInt32());
        Assert.Equal(13, root.GetProperty("counters").GetProperty("nr_free_pages").GetInt64());
        Assert.Equal(12, root.GetProperty("processes").GetProperty("A").GetProperty("RssAnon").GetInt64());
        Assert.Equal("yes", root.GetProperty("processes").GetProperty("B").GetProperty("ksm_merge_any").GetString());
        Assert.False(root.GetProperty("processes").TryGetProperty("C", out _));
    }

    [Fact]
    public void Run_JsonOfAFailedExpectation_StillHasTheCounters()
    {
        File.WriteAllText(_file, "machine frames=16\nexpect nr_free_pages=15");

        Tool tool = Tool.Run("run", _file, "--json");

        Assert.Equal(ExitCode.Failed, tool.ExitCode);
        using JsonDocument json = JsonDocument.Parse(tool.Output);
        Assert.Equal(16, json.RootElement.GetProperty("counters").GetProperty("nr_free_pages").GetInt64());
    }
}
