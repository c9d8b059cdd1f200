using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

/// <summary>Output that cannot be written: nothing that could be taken for a whole report is left, and one line says why.</summary>
[Trait("Category", "Live")]
public sealed class StandardOutputTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fastksm-output-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("selftest")]
    [InlineData("selftest --json")]
    [InlineData("scenario")]
    [InlineData("--help")]
    [InlineData("evaluate --pid $$")]
    [InlineData("evaluate --pid $$ --json")]
    [InlineData("evaluate --pid $$ --csv")]
    [InlineData("evaluate --pid $$ --openmetrics")]
    [InlineData("evaluate --pid $$ --output /dev/full")]
    public void Output_FullDevice_IsOneLineAndExitCodeFour(string arguments)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs Linux: /proc");

        Tool tool = Shell($"{ToolCommand} {arguments} > /dev/full");

        Assert.Equal(ExitCode.Exhausted, tool.ExitCode);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
        Assert.Contains("space", tool.Error, StringComparison.OrdinalIgnoreCase);
    }

    // A limit of the file's size stands for a disk that is full in the middle; the runtime itself maps a large file otherwise.
    [Theory]
    [InlineData(">", "")]
    [InlineData(">>", "before\n")]
    public void Output_DiskFullInTheMiddle_IsTakenBack(string redirection, string before)
    {
        string file = Path.Combine(_folder, "out");
        File.WriteAllText(file, "before\n");

        Tool tool = Shell(
            $"export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f 8; {ToolCommand} evaluate --pid $$ --json {redirection} '{file}'");

        Assert.Equal(ExitCode.Exhausted, tool.ExitCode);
        Assert.Contains("taken back", tool.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(file));
    }

    [Fact]
    public void Output_ReaderThatGoes_EndsTheCommandQuietly()
    {
        Tool tool = Shell($"exec 3> >(exit 0); wait $!; {ToolCommand} evaluate --pid $$ --json >&3");

        Assert.Equal(141, tool.ExitCode);
        Assert.Empty(tool.Error);
    }

    [Fact]
    public void OutputFile_NewOldAndLinked_IsWrittenWhole()
    {
        string file = Path.Combine(_folder, "new.json");
        string link = Path.Combine(_folder, "link.json");
        _ = File.CreateSymbolicLink(link, "new.json");

        foreach (string path in (string[])[file, file, link])
        {
            Tool tool = Shell($"{ToolCommand} evaluate --pid $$ --json --output '{path}'");

            Assert.Equal(ExitCode.Success, tool.ExitCode);
            Assert.Empty(tool.Output);
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
            Assert.Equal("fastksm.evaluate/1", json.RootElement.GetProperty("schema").GetString());
        }

        Assert.Equal("new.json", new FileInfo(link).LinkTarget);
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(_folder).Count()); // Nothing of the writing is left.
    }

    [Fact]
    public void OutputFile_DiskFullInTheMiddle_LeavesWhatWasThere()
    {
        string file = Path.Combine(_folder, "old.json");
        File.WriteAllText(file, "old");

        Tool tool = Shell(
            $"export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f 8; {ToolCommand} evaluate --pid $$ --json --output '{file}'");

        Assert.Equal(ExitCode.Exhausted, tool.ExitCode);
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("/no/such/folder/file")]
    [InlineData("/tmp")]
    public void OutputFile_ThatCannotBe_IsBadInput(string path)
    {
        Tool tool = Shell($"{ToolCommand} evaluate --pid $$ --output {path}");

        Assert.Equal(ExitCode.BadInput, tool.ExitCode);
        Assert.StartsWith($"fastksm: --output {path}: ", tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }

    private static string ToolCommand => $"dotnet exec '{Tool.Assembly}'";

    private static Tool Shell(string script) => Tool.RunThrough("bash", ["-c", script]);
}
