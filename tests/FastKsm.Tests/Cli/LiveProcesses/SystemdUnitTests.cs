using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.LiveProcesses;

public sealed class SystemdUnitTests
{
    [Theory]
    [InlineData("0::/system.slice/nginx.service\n", "nginx.service", false)]
    [InlineData("0::/system.slice/system-postgresql.slice/postgresql@17-main.service\n", "postgresql@17-main.service", false)]
    [InlineData("0::/system.slice/docker.service/child\n", "docker.service", false)]
    [InlineData("12:memory:/x\n1:name=systemd:/system.slice/cron.service\n", "cron.service", false)]
    [InlineData("0::/user.slice/user-1000.slice/user@1000.service/app.slice/foot.service\n", "foot.service", true)]
    public void Parse_Service_IsFound(string text, string name, bool isOfUser) =>
        Assert.Equal(new SystemdUnit(name, isOfUser), SystemdUnit.Parse(text));

    [Theory]
    [InlineData("0::/\n")]
    [InlineData("0::/user.slice/user-1000.slice/session-2.scope\n")]
    [InlineData("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n")]
    [InlineData("0::/system.slice/a'; reboot; '.service\n")]
    [InlineData("0::/.service\n")]
    [InlineData("")]
    public void Parse_NoServiceOrNoPlainName_IsNone(string text) => Assert.Null(SystemdUnit.Parse(text));
}
