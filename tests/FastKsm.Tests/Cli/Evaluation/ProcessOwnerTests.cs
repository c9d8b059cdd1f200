using System;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Tests.Cli.Output;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

public sealed class ProcessOwnerTests
{
    private const string Id = "4f6a2b1c9d8e7f60112233445566778899aabbccddeeff00112233445566778f";

    [Theory]
    [InlineData("0::/system.slice/redis.service\n", "redis.service")]
    [InlineData("0::/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service\n", "editor.service")]
    [InlineData("0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator\n", "machine-qemu\\x2d1\\x2dvm.scope")]
    [InlineData("12:memory:/x\n1:name=systemd:/system.slice/nginx.service\n0::/\n", "nginx.service")]
    [InlineData("0::/\n", "(no unit)")]
    [InlineData("", "(no unit)")]
    public void Of_Unit_IsTheInnermostServiceOrScope(string cgroup, string expected) => Assert.Equal(expected, Owner(cgroup, "unit"));

    [Theory]
    [InlineData("0::/system.slice/docker-" + Id + ".scope\n", "docker 4f6a2b1c9d8e")]
    [InlineData("5:memory:/docker/" + Id + "\n0::/\n", "docker 4f6a2b1c9d8e")]
    [InlineData("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + Id + ".scope\n", "cri-containerd 4f6a2b1c9d8e")]
    [InlineData("0::/machine.slice/libpod-" + Id + ".scope/container\n", "libpod 4f6a2b1c9d8e")]
    [InlineData("0::/lxc.payload.web/system.slice/nginx.service\n", "lxc web")]
    [InlineData("0::/system.slice/redis.service\n", "(no container)")]
    public void Of_Container_IsTheRuntimeAndTheId(string cgroup, string expected) => Assert.Equal(expected, Owner(cgroup, "container"));

    [Theory]
    [InlineData("cgroup", "/a/b.service")]
    [InlineData("user", "root")]
    [InlineData("command", "redis-server")]
    public void Of_OtherKinds_IsWhatTheProcessSays(string kind, string expected) =>
        Assert.Equal(expected, Owner("0::/a/b.service\n", kind));

    [Fact]
    public void Of_Result_SumsUpWhatWasRead()
    {
        EvaluationResult result = EvaluationResults.Random(5, ["a", "b", "c", "zombie"]);

        OwnerForecast owner = Assert.Single(OwnerForecast.Of(result, OwnerKind.Unit));

        ProcessForecast[] read = [.. result.Processes.Where(process => process.Process.Status == ReadStatus.Read)];
        Assert.Equal(3, owner.Processes);
        Assert.Equal(read.Sum(process => process.Counts.Pages), owner.Counts.Pages);
        Assert.Equal(read.Sum(process => process.ProcessProfit(result.PageSize)), owner.Profit);
        Assert.Equal(3, OwnerForecast.Of(result, OwnerKind.Command).Count);
    }

    private static string Owner(string cgroup, string kind) => ProcessOwner.Of(
        LiveProcess.Noted(1, new ProcessStat("redis", 'S', false, 1), userId: 0, "/usr/bin/redis-server *:6379", cgroupText: cgroup),
        Enum.Parse<OwnerKind>(kind, ignoreCase: true));
}
