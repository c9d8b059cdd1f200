using System;
using System.CommandLine;
using FastKsm.Cli.Shell;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm completion SHELL</c>: a script that makes a shell complete this program's words.</summary>
internal static class CompletionCommand
{
    /// <summary>Creates it.</summary>
    /// <param name="root">Makes the tree that is completed.</param>
    internal static Command Create(Func<Command> root)
    {
        Argument<string> shell = new("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Command command = new("completion", "Print a script that makes bash, zsh or fish complete commands and options.") { shell };
        command.SetAction(parsed =>
        {
            CommandEntry tree = CommandTree.Of(root());
            parsed.InvocationConfiguration.Output.Write(parsed.GetValue(shell) switch
            {
                "zsh" => ZshCompletion.Write(tree),
                "fish" => FishCompletion.Write(tree),
                _ => BashCompletion.Write(tree),
            });
            return ExitCode.Success;
        });
        return command;
    }
}
