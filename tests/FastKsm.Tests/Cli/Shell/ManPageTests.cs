using System;
using System.IO;
using System.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Shell;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Shell;

public sealed class ManPageTests
{
    private static CommandEntry Root => CommandTree.Of(CommandLine.CreateRoot());

    private static string Page => ManPage.Write(Root, "1.2.3", "2026-11-30");

    [Fact]
    public void Write_Tree_NamesEveryCommandOptionAndArgument()
    {
        string page = Page.Replace("\\-", "-", StringComparison.Ordinal);
        foreach (CommandEntry entry in Root.All())
        {
            Assert.Contains($"\\fBfastksm {string.Join(' ', entry.Path)}".TrimEnd(), page, StringComparison.Ordinal);
            foreach (OptionEntry option in entry.Options)
            {
                Assert.Contains($"\n\\fB{option.Name}\\fR", page, StringComparison.Ordinal);
            }

            foreach (ArgumentEntry argument in entry.Arguments)
            {
                Assert.Contains($"\n\\fI{argument.Name}\\fR\n", page, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Write_HostileDescription_StaysText()
    {
        CommandEntry evil = new([], ".so /etc/passwd. 'x \\fB-", [], [], []);

        string page = ManPage.Write(evil, "1", "2026-11-30");

        Assert.Contains("\n\\&.so /etc/passwd.\n\\&'x \\efB\\-\n", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mandoc", "-Tlint", "-Wwarning")]
    [InlineData("groff", "-ww", "-man", "-Tutf8", "-z")]
    public void Write_Tree_IsRoffWithoutWarnings(string program, params string[] options)
    {
        CompletionTests.Require(program);
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, Page);
            Tool tool = Tool.RunThrough(program, [.. options, file]);

            Assert.Equal(string.Empty, tool.Output + tool.Error);
            Assert.Equal(0, tool.ExitCode);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Command_Man_PrintsThePage()
    {
        Tool tool = Tool.Run("man");

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.StartsWith(".TH \"FASTKSM\" \"1\"", tool.Output, StringComparison.Ordinal);
        Assert.True(tool.Output.Split('\n').Max(line => line.Length) < 200);
    }
}
