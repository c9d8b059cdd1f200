using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using FastKsm.Cli;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Tests.TestKit;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.Cli.Conformance;

/// <summary><c>fastksm conform</c> as its user meets it, on the running kernel.</summary>
[Collection("host's KSM")]
public sealed class ConformCommandTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"fastksm-conform-{Guid.NewGuid():N}.ksm");

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("ksm")]
    [InlineData("rmap")]
    [InlineData("threads")]
    public void Conform_ScriptsOfATable_AgreeWithTheKernel(string table)
    {
        using HostKsmUse use = HostKsmUse.Begin();

        Tool tool = Tool.Run("conform", Path.Combine(Repository.Root, "tests/scripts", table));

        Assert.True(tool.ExitCode == ExitCode.Success, tool.Output + tool.Error);
        Assert.Contains(" 0 differ or fail", tool.Output, StringComparison.Ordinal);
        Assert.Contains(" 0 inconclusive", tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Conform_Json_SaysHowMuchWasCompared()
    {
        using HostKsmUse use = HostKsmUse.Begin();

        File.WriteAllText(_file, "spawn A\nmap A heap 4\nadvise A heap mergeable\nfill A heap same 3\nscan 2\nexpect pages_sharing=3");
        Tool tool = Tool.Run("conform", _file, "--json");

        using JsonDocument document = JsonDocument.Parse(tool.Output);
        JsonElement script = document.RootElement.GetProperty("scripts")[0];
        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.Equal("fastksm.conform/1", document.RootElement.GetProperty("schema").GetString());
        Assert.Equal("agrees", script.GetProperty("outcome").GetString());
        Assert.Equal(2, script.GetProperty("scans").GetInt32());
        Assert.True(script.GetProperty("values_compared").GetInt32() > 60);
    }

    [Theory]
    [InlineData("spawn A\nmap A heap 1 node=1\nscan 1", "skipped from here on")]
    [InlineData("machine nodes=2\nspawn A", "skipped from here on")]
    [InlineData("machine content=fingerprint\nspawn A", "content=fingerprint: it keeps no bytes")]
    [InlineData("ksm stable_node_chains_prune_millisecs=1 max_page_sharing=2\nspawn A\nmap A heap 8\nadvise A heap mergeable\nfill A heap same 3\nscan 4", "inconclusive")]
    public void Conform_WhatCannotBeCompared_IsNeverAnAgreement(string script, string expected)
    {
        using HostKsmUse use = HostKsmUse.Begin();

        File.WriteAllText(_file, script);
        Tool tool = Tool.Run("conform", _file);

        Assert.Equal(ExitCode.NotPermitted, tool.ExitCode);
        Assert.Contains(expected, tool.Output, StringComparison.Ordinal);
        Assert.Contains(": 0 agree,", tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Conform_WrongExpectation_IsShownAsTheScriptsFault()
    {
        using HostKsmUse use = HostKsmUse.Begin();

        File.WriteAllText(_file, "spawn A\nexpect pages_shared=1");
        Tool tool = Tool.Run("conform", _file);

        Assert.Equal(ExitCode.Failed, tool.ExitCode);
        Assert.Contains(":2:1: the sides agree, but the script is wrong: expected pages_shared=1, is 0", tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Conform_BesideAProcessWithMergeableMemory_RefusesUnlessTold()
    {
        using HostKsmUse use = HostKsmUse.Begin();
        File.WriteAllText(_file, "spawn A\nmap A heap 2\nadvise A heap mergeable\nfill A heap same 3\nscan 2");
        using Workload foreign = Workload.Start("known_pages", "--advise", "--identical", "4");

        Tool refused = Tool.Run("conform", _file);
        Tool told = Tool.Run("conform", _file, "--unmerge-others");

        Assert.Equal(ExitCode.NotPermitted, refused.ExitCode);
        Assert.Contains($"{foreign.Pids[0]} (known_pages)", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--unmerge-others", refused.Error, StringComparison.Ordinal);

        // Its pages count as well, so the sides differ; but it runs.
        Assert.Equal(ExitCode.Failed, told.ExitCode);
        Assert.Contains("DIFFERS", told.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("KILL", 137)]
    public void Conform_EndedBySignal_PutsEverySettingBack(string signal, int exitCode)
    {
        using HostKsmUse use = HostKsmUse.Begin();
        IReadOnlyDictionary<string, string> before = HostKsmUse.Settings;
        File.WriteAllText(_file, "ksm max_page_sharing=3\nspawn A\nmap A heap 64\nadvise A heap mergeable\nfill A heap same 3\nscan 1000000");
        using HostProcess tool = HostProcess.Start(new ProcessStartInfo("dotnet", ["exec", Tool.Assembly, "conform", _file])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        Assert.True(SpinWait.SpinUntil(() => HostKsmUse.Settings["max_page_sharing"] is "3", TimeSpan.FromSeconds(60)));

        using (HostProcess kill = HostProcess.Start("kill", [$"-{signal}", tool.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            kill.WaitForExit();
        }

        tool.WaitForExit();
        Assert.Equal(exitCode, tool.ExitCode);

        // A killed tool can do nothing more; its agent does, at once, but nobody waits for it.
        if (signal is "KILL")
        {
            _ = SpinWait.SpinUntil(() => before.SequenceEqual(HostKsmUse.Settings), TimeSpan.FromSeconds(10));
        }

        Assert.Equal(before, HostKsmUse.Settings);
        Assert.Empty(KernelSession.OtherMergeable());
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public void Conform_WithSwapEndedBySignal_TakesTheSwapAway(string signal)
    {
        using HostKsmUse use = HostKsmUse.Begin();
        string before = Swaps();
        File.WriteAllText(_file, "spawn A\nmap A heap 64\nadvise A heap mergeable\nfill A heap same 3\nscan 1000000");
        using HostProcess tool = HostProcess.Start(new ProcessStartInfo("dotnet", ["exec", Tool.Assembly, "conform", "--swap", _file])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        bool began = SpinWait.SpinUntil(
            () => tool.HasExited || !string.Equals(before, Swaps(), StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        Assert.SkipWhen(
            tool.HasExited && tool.ExitCode == ExitCode.NotPermitted,
            $"needs a host that can be given swap: {(tool.HasExited ? tool.StandardError.ReadToEnd() : string.Empty)}");
        Assert.True(began);

        using (HostProcess kill = HostProcess.Start("kill", [$"-{signal}", tool.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            kill.WaitForExit();
        }

        tool.WaitForExit();

        // The agent of a killed tool does it at once, but nobody waits for it.
        _ = SpinWait.SpinUntil(
            () => string.Equals(before, Swaps(), StringComparison.Ordinal), TimeSpan.FromSeconds(signal is "KILL" ? 10 : 0));
        Assert.Equal(before, Swaps());
        Assert.Empty(KernelSession.OtherMergeable());
    }

    [Theory]
    [InlineData("conform", "name a script")]
    [InlineData("conform /no/such/file.ksm", "cannot read the script")]
    [InlineData("conform x.ksm --index guess", "'tree' 'fingerprint' 'both'")]
    public void Conform_BadUsage_IsOneLineAndExitCodeTwo(string command, string expected)
    {
        Tool tool = Tool.Run(command.Split(' '));

        Assert.Equal(ExitCode.BadInput, tool.ExitCode);
        Assert.Contains(expected, tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Conform_WithoutRights_SaysWhatWouldPermitIt()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, to become another user");
        Assert.SkipUnless(File.Exists("/sys/kernel/mm/ksm/run"), "needs KSM in the kernel");
        File.WriteAllText(_file, "spawn A");

        Tool tool = Tool.RunThrough(
            "setpriv", [.. Workload.BecomeNobody, "dotnet", "exec", Tool.Assembly, "conform", _file]);

        Assert.SkipWhen(tool.ExitCode is not (ExitCode.NotPermitted or ExitCode.Success), "needs a build that another user may read");
        Assert.Equal(ExitCode.NotPermitted, tool.ExitCode);
        Assert.Contains("run it as root", tool.Error, StringComparison.Ordinal);
    }

    // Only their names: how much of them is used may change at any time.
    private static string Swaps() => string.Join(' ', File.ReadLines("/proc/swaps").Select(line => line.Split(' ')[0]));
}
