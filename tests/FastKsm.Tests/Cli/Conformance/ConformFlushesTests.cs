using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using FastKsm.Cli;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Tests.TestKit;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.Cli.Conformance;

/// <summary><c>fastksm conform --tlb</c> on the running kernel.</summary>
[Collection("host's KSM")]
public sealed class ConformFlushesTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"fastksm-conform-{Guid.NewGuid():N}.ksm");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Conform_RowsOfTheTable_HoldOnTheKernel()
    {
        using HostKsmUse use = HostKsmUse.Begin();

        Tool tool = Run(Path.Combine(Repository.Root, "tests/scripts/tlb"));

        Assert.True(tool.ExitCode == ExitCode.Success, tool.Output + tool.Error);
        Assert.Contains(" 0 differ or fail, 0 skipped, 0 inconclusive", tool.Output, StringComparison.Ordinal);
        Assert.Contains("receives on other CPUs are not to be had", tool.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("protect A heap ro\nexpect-flushes A local:r(4)", "expected flush operations local:r(4), are r(4)")]
    [InlineData("fill A heap same 2\nexpect-flushes A r(4)", "expected flush operations r(4), are none")]
    [InlineData("fork A B\nfill A heap same 2\nexpect-flushes A r(1)", "expected flush operations r(1), are 4*r(1)")]
    public void Conform_WrongExpectation_SaysWhatTheKernelDid(string script, string expected)
    {
        using HostKsmUse use = HostKsmUse.Begin();
        const string TwoThreads = "thread A 1\ncpu A 1\nread A heap\nthread A 0\n";
        File.WriteAllText(_file, "machine cpus=2\nspawn A\nmap A heap 4\nfill A heap same 1\n" + TwoThreads + script);

        Tool tool = Run(_file);

        Assert.Equal(ExitCode.Failed, tool.ExitCode);
        Assert.Contains(expected, tool.Output, StringComparison.Ordinal);
    }

    // What a busy host has disturbed each time is inconclusive, and the tool says so.
    [Theory]
    [InlineData("T01-unmap-last-of-directory")]
    [InlineData("T14-protect-none-read-around")]
    [InlineData("T17-free-within-none")]
    [InlineData("T19-move-after-fork")]
    public void Conform_RowBesideTheEngine_FlushesAgree(string row) =>
        AssertAgrees(Path.Combine(Repository.Root, "tests/scripts/tlb", row + ".ksm"));

    [Fact]
    public void Conform_RandomScriptsBesideTheEngine_FlushesAgree() => AssertAgrees("--random", "20", "--seed", "1");

    // What is not the same twice could not be compared with anything.
    [Fact]
    public void Conform_RandomScripts_FlushTheSameTwice()
    {
        using HostKsmUse use = HostKsmUse.Begin();

        Tool tool = Run("--random", "30", "--seed", "1");

        Assert.True(tool.ExitCode is ExitCode.Success, tool.Output + tool.Error);
        Assert.Contains("30 scripts: 30 agree", tool.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public void Conform_EndedBySignal_LeavesNoInstanceAndNoPinnedDaemon(string signal)
    {
        using HostKsmUse use = HostKsmUse.Begin();
        File.WriteAllText(_file, "spawn A\nmap A heap 64\nadvise A heap mergeable\nfill A heap same 3\nscan 1000000");
        using KsmDaemon daemon = new(CancellationToken.None);
        string before = CpusOf(daemon.Id);
        using HostProcess tool = HostProcess.Start(
            new ProcessStartInfo("dotnet", ["exec", Tool.Assembly, "conform", "--tlb", "--kernel-only", _file])
            {
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
        bool IsBack() => string.Equals(before, CpusOf(daemon.Id), StringComparison.Ordinal);
        bool began = SpinWait.SpinUntil(() => tool.HasExited || !IsBack(), TimeSpan.FromSeconds(60));
        SkipWithout(
            tool.HasExited && tool.ExitCode == ExitCode.NotPermitted,
            tool.HasExited ? tool.StandardError.ReadToEnd() : string.Empty);
        Assert.True(began);

        string id = tool.Id.ToString(CultureInfo.InvariantCulture);
        using (HostProcess kill = HostProcess.Start("kill", [$"-{signal}", id]))
        {
            kill.WaitForExit();
        }

        tool.WaitForExit();

        // The agent of a killed tool does it at once, but nobody waits for it.
        Assert.True(SpinWait.SpinUntil(
            () => IsBack() && KernelSession.OtherMergeable().Count == 0, TimeSpan.FromSeconds(10)));
        Assert.True(SpinWait.SpinUntil(() => Instances().Length == 0, TimeSpan.FromSeconds(10)), Instances());
    }

    private static void AssertAgrees(params string[] arguments)
    {
        using HostKsmUse use = HostKsmUse.Begin();

        Tool tool = Tool.Run(["conform", "--tlb", .. arguments]);

        SkipWithout(tool.ExitCode == ExitCode.NotPermitted && tool.Output.Length == 0, tool.Error);
        Assert.Contains(" 0 differ or fail, 0 skipped", tool.Output, StringComparison.Ordinal);
    }

    private static Tool Run(params string[] arguments)
    {
        Tool tool = Tool.Run(["conform", "--tlb", "--kernel-only", .. arguments]);
        SkipWithout(tool.ExitCode == ExitCode.NotPermitted && tool.Output.Length == 0, tool.Error);
        return tool;
    }

    private static void SkipWithout(bool isMissing, string error) =>
        Assert.SkipWhen(isMissing, $"needs a host that shows its TLB flushes: {error.ReplaceLineEndings(" ")}");

    private static string CpusOf(int process)
    {
        foreach (string line in File.ReadLines($"/proc/{process}/status"))
        {
            if (line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal))
            {
                return line;
            }
        }

        return string.Empty;
    }

    // Instances of tracing that carry our name, seen in a mount namespace that ends with the look.
    private static string Instances()
    {
        const string Look = "mount --make-rprivate / && mount -t tracefs none /sys/kernel/tracing "
            + "&& ls /sys/kernel/tracing/instances | grep fastksm-; true";
        using HostProcess shell = HostProcess.Start(new ProcessStartInfo("unshare", ["-m", "/bin/sh", "-c", Look])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        string names = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return names;
    }
}
