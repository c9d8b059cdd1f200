using System.Collections.Generic;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Conformance;

/// <summary>What puts the host's settings back when a program that changes them is killed.</summary>
[Collection("host's KSM")]
public sealed class KsmGuardTests
{
    [Fact]
    public void Guard_EndOfItsInput_PutsEverySettingBack()
    {
        using HostKsmUse use = HostKsmUse.Begin();
        IReadOnlyDictionary<string, string> before = HostKsmUse.Settings;
        string commands = KsmSettings.Save().RestoringCommands;
        KernelSession.Write("max_page_sharing", before["max_page_sharing"] is "7" ? "8" : "7");
        KernelSession.Write("sleep_millisecs", before["sleep_millisecs"] is "7" ? "8" : "7");
        Assert.NotEqual(before, HostKsmUse.Settings);

        Tool shell = Tool.RunThrough("/bin/sh", ["-e", "-c", commands]);

        Assert.Equal(0, shell.ExitCode);
        Assert.Equal(before, HostKsmUse.Settings);
    }

    [Fact]
    public void Dispose_AfterTheOwnerHasPutThemBack_ChangesNothing()
    {
        using HostKsmUse use = HostKsmUse.Begin();
        KsmSettings before = KsmSettings.Save();
        IReadOnlyDictionary<string, string> settings = HostKsmUse.Settings;

        new KsmGuard(before).Dispose();

        Assert.Equal(settings, HostKsmUse.Settings);
    }
}
