using System;
using System.Globalization;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Host;

/// <summary>The tool on hosts that hide something: each is said as it is, with the documented exit code.</summary>
[Trait("Category", "Live")]
public sealed class HostAccessTests
{
    [Theory]
    [InlineData("1", "noaccess")]
    [InlineData("2", "invisible")]
    [InlineData("4", "ptraceable")]
    public void Evaluate_HiddenProcess_IsNotPermittedRatherThanMissing(string hidePid, string shown)
    {
        using Workload workload = Workload.Start("known_pages", "--unique", "10");

        Tool tool = InMountNamespace(
            $"mount -t proc -o hidepid={hidePid} proc /proc", asNobody: true, "evaluate", "--pid", Text(workload.Pids[0]));

        Assert.Equal(ExitCode.NotPermitted, tool.ExitCode);
        Assert.Contains($"hidepid={shown}", tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_ProcOfProcessesOnly_KnowsTheKernelAndSaysWhatIsMissing()
    {
        using Workload workload = Workload.Start("known_pages", "--unique", "10");
        string[] arguments = ["evaluate", "--pid", Text(workload.Pids[0])];

        Tool json = InMountNamespace("mount -t proc -o subset=pid proc /proc", asNobody: false, [.. arguments, "--json"]);
        Tool table = InMountNamespace("mount -t proc -o subset=pid proc /proc", asNobody: false, arguments);

        Assert.False(string.Equals("unknown", Host(json).GetProperty("kernel").GetString(), StringComparison.Ordinal));
        Assert.Contains("subset=pid", Words(table), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_WithoutSys_ShowsNoDefaultAsAMeasurement()
    {
        using Workload workload = Workload.Start("known_pages", "--unique", "10");
        string[] arguments = ["evaluate", "--pid", Text(workload.Pids[0])];

        Tool json = InMountNamespace("umount -l /sys", asNobody: false, [.. arguments, "--json"]);
        Tool table = InMountNamespace("umount -l /sys", asNobody: false, arguments);

        Assert.False(Host(json).GetProperty("settings_known").GetBoolean());
        Assert.Equal(HostKsm.Read().IsPresent, Host(json).GetProperty("ksm_present").GetBoolean());
        Assert.Contains("/sys is not mounted", Words(table), StringComparison.Ordinal);
        Assert.DoesNotContain("This kernel has no KSM", Words(table), StringComparison.Ordinal);
        Assert.DoesNotContain("host's settings of today", Words(table), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_RootWithoutTheCapability_IsToldWhichOne()
    {
        RequireRoot();
        using Workload workload = Workload.Start("known_pages", "--unique", "10");

        Tool tool = Tool.RunThrough(
            "setpriv",
            ["--bounding-set=-sys_admin", "--inh-caps=-sys_admin", "dotnet", "exec", Tool.Assembly, "evaluate", "--pid", Text(workload.Pids[0])]);

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.Contains("CAP_SYS_ADMIN is missing", Words(tool), StringComparison.Ordinal);
    }

    // In a new pid namespace with the old /proc: the ids of /proc are those of other processes to system calls, and here a
    // process with the very id runs there, all pages of which are equal.
    [Fact]
    public void Evaluate_ProcOfAnotherPidNamespace_ReadsTheProcessThatProcShows()
    {
        RequireRoot();
        using Workload workload = Workload.Start("known_pages", "--unique", "300");
        using Workload built = Workload.Start("known_pages", "--identical", "1");
        string id = Text(workload.Pids[0]);
        string script =
            $"echo {workload.Pids[0] - 1} > /proc/sys/kernel/ns_last_pid || exit 9; "
            + "sleep 60 | \"$0\" --identical 300 > /dev/null & "
            + "i=0; while ! kill -0 " + id + " 2> /dev/null && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done; sleep 0.3; "
            + $"dotnet exec '{Tool.Assembly}' evaluate --pid {id} --json; code=$?; kill -KILL -1; exit $code";

        Tool tool = Tool.RunThrough("unshare", ["--pid", "--fork", "sh", "-c", script, Workload.PathOf("known_pages")]);

        Assert.SkipWhen(tool.Output.Length == 0, "needs namespaces that root may make");
        Assert.False(Host(tool).GetProperty("own_pid_namespace").GetBoolean());
        using JsonDocument document = JsonDocument.Parse(tool.Output);
        JsonElement total = document.RootElement.GetProperty("total");
        Assert.InRange(total.GetProperty("pages_unshared").GetInt64(), 300, 350);
        Assert.InRange(total.GetProperty("pages_sharing").GetInt64(), 0, 10);
    }

    [Fact]
    public void Ask_ThisHost_AnswersEachProbe()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");

        Assert.True(ProcAccessProbe.Ask(ProcMount.Host).IsOwnNamespace);
        Assert.NotEmpty(FrameNumbersProbe.Ask(ProcMount.Host).Sentence);
        Assert.NotEmpty(AddressSpaceOrderProbe.Ask().Sentence);
        Assert.NotEmpty(PagemapScanProbe.Ask().Sentence);
        KsmBit bit = KsmBitProbe.Ask();
        Assert.NotEmpty(bit.Sentence);
        Assert.Equal(FrameNumbersProbe.Ask(ProcMount.Host).AreVisible, bit.State != KsmBitState.Unreadable);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    // The layout may break lines anywhere.
    private static string Words(Tool tool) =>
        string.Join(' ', tool.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static JsonElement Host(Tool tool)
    {
        using JsonDocument document = JsonDocument.Parse(tool.Output);
        return document.RootElement.GetProperty("host").Clone();
    }

    private static void RequireRoot() =>
        Assert.SkipUnless(string.Equals(Environment.UserName, "root", StringComparison.Ordinal), "needs root, to become another user");

    private static Tool InMountNamespace(string change, bool asNobody, params string[] arguments)
    {
        RequireRoot();
        string become = asNobody ? $"setpriv {string.Join(' ', Workload.BecomeNobody)} " : string.Empty;
        Tool tool = Tool.RunThrough(
            "unshare",
            ["-m", "sh", "-c", $"{change} || exit 9; exec {become}dotnet exec \"$@\"", "sh", Tool.Assembly, .. arguments]);
        Assert.SkipWhen(tool.ExitCode is not (ExitCode.Success or ExitCode.NotPermitted), "needs namespaces that root may make");
        return tool;
    }
}
