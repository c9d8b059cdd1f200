using System;
using System.IO;
using System.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Shell;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Shell;

/// <summary>The scripts for shells, run by the shells.</summary>
public sealed class CompletionTests
{
    private static CommandEntry Root => CommandTree.Of(CommandLine.CreateRoot());

    [Theory]
    [InlineData("evaluate", "fastksm", "ev")]
    [InlineData("java-heap prefork-workers shootdowns swap-metadata zero-colours", "fastksm", "scenario", "")]
    [InlineData("unit user", "fastksm", "evaluate", "--by", "u")]
    [InlineData("unit user", "fastksm", "evaluate", "--by", "=", "u")]
    [InlineData("cgroup command container unit user", "fastksm", "evaluate", "--by", "=")]
    [InlineData("", "fastksm", "evaluate", "--name", "")]
    [InlineData("--all", "fastksm", "evaluate", "--use-zero-pages", "--al")]
    [InlineData("fingerprint tree", "fastksm", "run", "--index", "")]
    [InlineData("--index", "fastksm", "run", "script.ksm", "--in")]
    [InlineData("/etc/passwd", "fastksm", "run", "/etc/passw")]
    [InlineData("/etc/passwd", "fastksm", "evaluate", "--output", "/etc/passw")]
    [InlineData("--sharing", "fastksm", "scenario", "java-heap", "--sh")]
    [InlineData("--as-marked", "fastksm", "evaluate", "run", "--as-m")]
    [InlineData("bash fish zsh", "fastksm", "completion", "")]
    public void Bash_WordsAsTyped_AreCompleted(string expected, params string[] words)
    {
        Require("bash");
        string program = BashCompletion.Write(Root)
            + "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _fastksm; printf '%s\\n' \"${COMPREPLY[@]}\"";

        // /etc/passwd- is a file of Debian's too.
        string[] found = Lines(Tool.RunThrough("bash", ["-u", "-c", program, "bash", .. words]))
            .Where(word => !word.StartsWith("--", StringComparison.Ordinal) || words[^1].StartsWith("--", StringComparison.Ordinal))
            .Where(word => !string.Equals(word, "/etc/passwd-", StringComparison.Ordinal))
            .ToArray();

        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    // Every command and every option: what the script knows is what the tree has.
    [Fact]
    public void Bash_EveryCommand_HasAllItsOptions()
    {
        Require("bash");
        string script = BashCompletion.Write(Root);
        foreach (CommandEntry entry in Root.All())
        {
            string[] words = ["fastksm", .. entry.Path, "--"];
            string[] found = Lines(Tool.RunThrough(
                "bash", ["-c", script + "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _fastksm; printf '%s\\n' \"${COMPREPLY[@]}\"", "bash", .. words]));
            Assert.Equal(
                entry.Options.Select(option => option.Name).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        }

        Assert.Contains("--help", Root.Commands[0].Options.Select(option => option.Name), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("fastksm ev", "evaluate")]
    [InlineData("fastksm scenario java", "java-heap")]
    [InlineData("fastksm evaluate --by uni", "unit")]
    [InlineData("fastksm evaluate --as-m", "--as-marked")]
    [InlineData("fastksm run --index t", "tree")]
    public void Fish_LineAsTyped_IsCompleted(string line, string expected)
    {
        Require("fish");
        Tool fish = Tool.RunThrough("fish", ["-c", FishCompletion.Write(Root) + $"complete -C '{line}'"]);

        Assert.Empty(fish.Error);
        Assert.Equal(expected, Assert.Single(Lines(fish)).Split('\t')[0]);
    }

    // The function itself, with zsh's own builders replaced by ones that print.
    [Theory]
    [InlineData("evaluate", "fastksm", "e")]
    [InlineData("java-heap", "fastksm", "scenario", "j")]
    [InlineData("unit", "fastksm", "evaluate", "--by", "u")]
    [InlineData("--as-marked", "fastksm", "evaluate", "--as")]
    [InlineData("FILES", "fastksm", "run", "x")]
    public void Zsh_WordsAsTyped_AreOffered(string expected, params string[] words)
    {
        Require("zsh");
        string program = "compdef() { :; }; compadd() { print -l -- $@; }; _files() { print FILES; }; _message() { :; };"
            + "_describe() { print -l -- ${${(P)4}%%:*}; }\n" + ZshCompletion.Write(Root) + "words=(\"$@\"); CURRENT=$#; _fastksm";
        Tool zsh = Tool.RunThrough("zsh", ["-f", "-c", program, "zsh", .. words]);

        Assert.Empty(zsh.Error);
        Assert.Contains(expected, Lines(zsh), StringComparer.Ordinal);
    }

    private static string[] Lines(Tool tool) => tool.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    internal static void Require(string program)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':');
        Assert.SkipUnless(Array.Exists(folders, folder => File.Exists(Path.Combine(folder, program))), $"needs {program}");
    }
}
