using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli.Commands;
using FastKsm.Simd;
using Xunit;

namespace FastKsm.Tests.Cli.Commands;

[Trait("Category", "Simd")]
public sealed class SelfTestCommandTests
{
    [Fact]
    public void SelfTest_Json_HasARowForEveryPath()
    {
        using StringWriter output = new();

        int exitCode = SelfTestCommand.Create().Parse(["--json", "--seed", "7"]).Invoke(new() { Output = output });

        using JsonDocument document = JsonDocument.Parse(output.ToString());
        Assert.Equal(0, exitCode);
        Assert.Equal(7, document.RootElement.GetProperty("seed").GetInt32());
        string[] printed = [.. document.RootElement.GetProperty("rows").EnumerateArray()
            .Select(row => $"{row.GetProperty("kernel").GetString()} {row.GetProperty("path").GetString()}")];
        Assert.Equal((string[])[.. KernelSelfTest.Run(seed: 7).Select(row => $"{row.Kernel} {row.Path}")], printed);
    }

    [Fact]
    public void SelfTest_Table_SaysWhatWasNotReachedAndWhy()
    {
        using StringWriter output = new();

        int exitCode = SelfTestCommand.Create().Parse([]).Invoke(new() { Output = output });

        Assert.Equal(0, exitCode);
        Assert.Contains("taken here", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("0 failed", output.ToString(), StringComparison.Ordinal);
        Assert.Matches("NEON +(passed|not reached +not an Arm CPU)", output.ToString());
    }
}
