using System;
using System.Globalization;
using FastKsm.Cli;
using FastKsm.Cli.Commands;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("Usage:\n  fastksm [command] [options]", "--help")]
    [InlineData("Usage:\n  fastksm evaluate [<NAME>...] [options]", "evaluate", "--help")]
    [InlineData("Usage:\n  fastksm exec <COMMAND>... [options]", "help", "exec")]
    [InlineData("fastksm scenario zero-colours [options]", "scenario", "zero-colours", "--help")]
    public void Help_AnyCommand_SaysFastksm(string expected, params string[] arguments)
    {
        Tool tool = Tool.Run(arguments);

        Assert.Equal(ExitCode.Success, tool.ExitCode);
        Assert.Contains(expected, tool.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("FastKsm.Cli", tool.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("dotnet", tool.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unknown command 'evalute'; did you mean 'evaluate'? Try 'fastksm --help'.", "evalute")]
    [InlineData("unknown command 'xyzzy'. Try 'fastksm --help'.", "xyzzy")]
    [InlineData("unknown option '--jsn'; did you mean '--json'? Try 'fastksm evaluate --help'.", "evaluate", "--jsn", "--all")]
    [InlineData("unknown option '--pids'; did you mean '--pid'?", "evaluate", "--pids", "1")]
    [InlineData("unknown option '--merg'; did you mean '--merge'?", "exec", "--merg", "true")]
    [InlineData("unknown command 'java-haep'; did you mean 'java-heap'? Try 'fastksm scenario --help'.", "scenario", "java-haep")]
    [InlineData("unknown option '--colurs'; did you mean '--colours'?", "scenario", "zero-colours", "--colurs", "3")]
    [InlineData("--random x: not a whole number", "conform", "--random", "x")]
    [InlineData("--pid 1,x: a process id is a whole number", "evaluate", "--pid", "1,x")]
    [InlineData("no running process matches 'no-such-name'", "evaluate", "no-such-name")]
    [InlineData("no running process matches '@foo'", "evaluate", "--name", "@foo")]
    [InlineData("no process of user 4294967294 runs", "evaluate", "--user", "4294967294")]
    [InlineData("--pid 2147483647: no such process", "evaluate", "2147483647")]
    [InlineData("--fail-under lots: a size such as 100M", "evaluate", "--all", "--fail-under", "lots")]
    [InlineData("--by unti: one of unit, container, cgroup, user, command; did you mean 'unit'?", "evaluate", "--all", "--by", "unti")]
    [InlineData("cannot read the script: Could not find", "run", "@/etc/hostname")]
    public void Run_Mistake_IsNamedAndSuggestedFor(string expected, params string[] arguments)
    {
        Tool tool = Tool.Run(arguments);

        Assert.Equal(ExitCode.BadInput, tool.ExitCode);
        Assert.Contains(expected, tool.Error, StringComparison.Ordinal);
        Assert.Single(tool.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("exec --merge ls -l", "exec --merge -- ls -l")]
    [InlineData("exec --merge ls --help", "exec --merge -- ls --help")]
    [InlineData("exec --merge -- ls -- -l", "exec --merge -- ls -- -l")]
    [InlineData("exec ls --merge", "exec -- ls --merge")]
    [InlineData("exec --help", "exec --help")]
    [InlineData("help run", "run --help")]
    [InlineData("evaluate -- x", "evaluate -- x")]
    public void Arrange_Arguments_GivesTheProgramWhatIsItsOwn(string typed, string expected) =>
        Assert.Equal(expected.Split(' '), CommandLine.Arrange(typed.Split(' ')));

    [Theory]
    [InlineData("redis", "redis-server", true)]
    [InlineData("python", "python3.12", true)]
    [InlineData("redis-server", "redis-server", true)]
    [InlineData("node", "node_exporter", false)]
    [InlineData("node", "nodejs", false)]
    [InlineData("server", "redis-server", false)]
    [InlineData("*server", "redis-server", true)]
    [InlineData("redis?server", "redis-server", true)]
    public void IsMeant_NameAsTyped_IsTheNameOrItsBeginning(string typed, string name, bool expected) =>
        Assert.Equal(expected, ProcessSelection.IsMeant(typed, name));

    [Theory]
    [InlineData("evaluate", "evalaute", 1)]
    [InlineData("evaluate", "evaluate", 0)]
    [InlineData("run", "exec", 4)]
    [InlineData("", "abc", 3)]
    public void Distance_Words_CountsLettersToChange(string first, string second, int expected) =>
        Assert.Equal(expected, Suggestion.Distance(first, second));

    [Theory]
    [InlineData("simple-1.2_x/y:z,=+%@", "simple-1.2_x/y:z,=+%@")]
    [InlineData("py*", "'py*'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("", "''")]
    public void Quote_Word_IsOneWordForAShell(string word, string expected) => Assert.Equal(expected, ShellWord.Quote(word));

    [Fact]
    [Trait("Category", "Live")]
    public void Evaluate_NamesPidsAndPatterns_AreTakenTogether()
    {
        using Workload first = Workload.Start("known_pages", "--identical", "1000");
        using Workload second = Workload.Start("known_pages", "--identical", "1000");
        string pids = string.Create(CultureInfo.InvariantCulture, $"{first.Pids[0]},{second.Pids[0]}");

        Tool byPid = Tool.Run("evaluate", "--pid", pids);
        Tool byNumber = Tool.Run("evaluate", first.Pids[0].ToString(CultureInfo.InvariantCulture));
        Tool byName = Tool.Run("evaluate", "known_pages", "no-such-name");
        Tool excluded = Tool.Run("evaluate", "--pid", pids, "--exclude", "known_pages");

        Assert.Contains("in 2 processes", byPid.Output, StringComparison.Ordinal);
        Assert.Contains($"fastksm evaluate --pid {pids} ", byPid.Output, StringComparison.Ordinal);
        Assert.Contains("in 1 process", byNumber.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, byName.ExitCode);
        Assert.Equal("fastksm: evaluate: no running process matches 'no-such-name'.\n", byName.Error);
        Assert.Equal(ExitCode.BadInput, excluded.ExitCode);
        Assert.Contains("every process is excluded", excluded.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("100%", ExitCode.Failed)]
    [InlineData("1%", ExitCode.Success)]
    [InlineData("1G", ExitCode.Failed)]
    [InlineData("1MiB", ExitCode.Success)]
    [Trait("Category", "Live")]
    public void Evaluate_FailUnder_IsAGate(string goal, int exitCode)
    {
        using Workload workload = Workload.Start("known_pages", "--identical", "1000");

        Tool tool = Tool.Run("evaluate", workload.Pids[0].ToString(CultureInfo.InvariantCulture), "--fail-under", goal, "--json");

        Assert.Equal(exitCode, tool.ExitCode);
        Assert.StartsWith("{", tool.Output, StringComparison.Ordinal); // The answer is there, also where it is "no".
        Assert.Equal(exitCode == ExitCode.Failed, tool.Error.StartsWith($"fastksm: --fail-under {goal}: ", StringComparison.Ordinal));
    }
}
