using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

/// <summary>The printed lines, run by <c>sh -e</c> on a copy of the directory. On the kernel itself: tools/ci/evaluate-live.sh.</summary>
public sealed class ScanAdviceTests : IDisposable
{
    private const string Ksm = "/sys/kernel/mm/ksm";

    private readonly string _root = Directory.CreateTempSubdirectory("fastksm-advice-").FullName;

    public ScanAdviceTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    // Linux 6.1 has neither smart scan nor an advisor, a kernel without NUMA no merge_across_nodes.
    [Theory]
    [InlineData("max_page_sharing=256 pages_to_scan=100 sleep_millisecs=20 use_zero_pages=0 run=0")]
    [InlineData("max_page_sharing=256 pages_to_scan=100 sleep_millisecs=20 use_zero_pages=1 run=1 merge_across_nodes=1")]
    [InlineData("max_page_sharing=64 pages_to_scan=1 sleep_millisecs=0 use_zero_pages=0 run=2 merge_across_nodes=0 smart_scan=1")]
    [InlineData("max_page_sharing=64 pages_to_scan=1 sleep_millisecs=0 use_zero_pages=0 run=1 merge_across_nodes=1 smart_scan=1 advisor_mode=scan-time "
        + "advisor_target_scan_time=200 advisor_max_cpu=70 advisor_min_pages_to_scan=500 advisor_max_pages_to_scan=30000")]
    public void Lines_AsPrinted_RunUnderShE(string files)
    {
        Make(files);
        string script = Script(new EvaluationOptions(64, UseZeroPages: true, OnlyMarked: false, Threads: 1, MergeAcrossNodes: false));

        Assert.Equal((0, string.Empty), Run(script));

        Assert.Equal(("640", "20", "64", "1", "1"), (Read("pages_to_scan"), Read("sleep_millisecs"), Read("max_page_sharing"), Read("use_zero_pages"), Read("run")));
        if (files.Contains("merge_across_nodes", StringComparison.Ordinal))
        {
            Assert.Equal("0", Read("merge_across_nodes"));
        }

        if (files.Contains("smart_scan", StringComparison.Ordinal))
        {
            Assert.Equal("0", Read("smart_scan"));
        }

        if (files.Contains("advisor", StringComparison.Ordinal))
        {
            Assert.Equal(("scan-time", "90"), (Read("advisor_mode"), Read("advisor_target_scan_time")));
        }

        string[] made = Directory.GetFiles(_root, "*", SearchOption.TopDirectoryOnly);
        Assert.Equal(files.Split(' ').Length, made.Length); // Nothing was created that the kernel does not have.
    }

    [Fact]
    public void Lines_SystemdOnTheHost_SurviveARebootAndMarkUnits()
    {
        Make("max_page_sharing=256 pages_to_scan=100 sleep_millisecs=20 use_zero_pages=0 run=0");
        Directory.CreateDirectory(_root + "/etc/tmpfiles.d");

        Assert.Equal((0, string.Empty), Run(Script(new EvaluationOptions(256, UseZeroPages: false, OnlyMarked: false, Threads: 1))));

        string[] tmpfiles = File.ReadAllLines(_root + "/etc/tmpfiles.d/ksm.conf");
        Assert.Equal(7, tmpfiles.Length);
        Assert.Contains(tmpfiles, line => line.Equals($"w {_root}/pages_to_scan - - - - 640", StringComparison.Ordinal));
        Assert.All(tmpfiles, line => Assert.StartsWith("w ", line, StringComparison.Ordinal));
        Assert.Equal("[Service]\nMemoryKSM=yes\n", File.ReadAllText(_root + "/etc/systemd/system/pg@17-main.service.d/ksm.conf"));
    }

    // Each block is of use alone: every command is an own line that names its files in full.
    [Fact]
    public void Lines_AreCommandsOrComments()
    {
        foreach (string line in Lines(new EvaluationOptions(256, UseZeroPages: false, OnlyMarked: false, Threads: 1)).Where(line => line.Length > 0))
        {
            Assert.True(
                line.StartsWith('#') || line.Contains(Ksm, StringComparison.Ordinal) || line.Contains("/etc/", StringComparison.Ordinal)
                || line.Contains("systemctl", StringComparison.Ordinal),
                line);
        }
    }

    private static IEnumerable<string> Lines(EvaluationOptions options) => ScanAdvice.Lines(
        options, new ScanSettings(640, 20, 89.5, 4), target: 90, [new SystemdUnit("pg@17-main.service", IsOfUser: false), new SystemdUnit("a.service", IsOfUser: true)]);

    private string Script(EvaluationOptions options) => string.Join('\n', Lines(options).Select(line => "    " + line))
        .Replace(Ksm, _root, StringComparison.Ordinal)
        .Replace("/etc/", _root + "/etc/", StringComparison.Ordinal)
        .Replace("/run/systemd/system", _root + "/run/systemd/system", StringComparison.Ordinal);

    private void Make(string files)
    {
        foreach (string[] file in files.Split(' ').Select(file => file.Split('=')))
        {
            File.WriteAllText(Path.Combine(_root, file[0]), file[1] + "\n");
        }
    }

    private string Read(string file) => File.ReadAllText(Path.Combine(_root, file)).Trim();

    private static (int Code, string Errors) Run(string script)
    {
        using var shell = System.Diagnostics.Process.Start(new ProcessStartInfo("sh", ["-e"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        })!;
        shell.StandardInput.Write(script + "\n");
        shell.StandardInput.Close();
        string errors = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, errors);
    }
}
