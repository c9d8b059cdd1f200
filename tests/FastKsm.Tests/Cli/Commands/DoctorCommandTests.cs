using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Commands;

/// <summary><c>fastksm doctor</c> as its user meets it.</summary>
public sealed class DoctorCommandTests
{
    [Fact]
    public void Doctor_Json_HasEveryTraitOnceAndWhatLackingOnesCost()
    {
        Tool tool = Tool.Run("doctor", "--json");

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        using JsonDocument document = JsonDocument.Parse(tool.Output);
        JsonElement[] traits = [.. document.RootElement.GetProperty("traits").EnumerateArray()];
        string[] names = [.. traits.Select(trait => trait.GetProperty("name").GetString()!)];
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names, StringComparer.Ordinal);
        Assert.Superset(
            (HashSet<string>)["huge_pages", "ksm", "memory_cgroups", "nodes", "pagemap_scan", "swap", "tracepoints", "zero_frame_reads", "zero_frame_splits"],
            names.ToHashSet(StringComparer.Ordinal));
        Assert.All(traits, trait =>
        {
            Assert.NotEmpty(trait.GetProperty("found").GetString()!);
            Assert.Equal(
                trait.GetProperty("state").GetString() is "full", trait.GetProperty("cost").GetString()!.Length == 0);
        });
    }

    [Fact]
    public void Doctor_WithoutRights_SaysWhatWouldPermitMore()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, to become another user");

        Tool tool = Tool.RunThrough("setpriv", [.. Workload.BecomeNobody, "dotnet", "exec", Tool.Assembly, "doctor"]);

        Assert.SkipWhen(tool.ExitCode is not ExitCode.Success, "needs a build that another user may read");
        Assert.Contains("hidden from this user", tool.Output, StringComparison.Ordinal);
        Assert.Contains("it takes: root with CAP_SYS_ADMIN", tool.Output, StringComparison.Ordinal);
    }
}
