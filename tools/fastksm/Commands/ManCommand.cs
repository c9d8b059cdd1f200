using System;
using System.CommandLine;
using System.Globalization;
using FastKsm.Cli.Shell;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm man</c>: the manual page.</summary>
internal static class ManCommand
{
    /// <summary>The date that the page bears: the day on which its words were last looked through.</summary>
    private const string Date = "2026-11-30";

    /// <summary>Creates it.</summary>
    /// <param name="root">Makes the tree that is described.</param>
    internal static Command Create(Func<Command> root)
    {
        Command command = new("man", "Print the manual page: fastksm man | man -l -, or into a folder man1 of the manpath.");
        command.SetAction(parsed =>
        {
            Version version = typeof(ManCommand).Assembly.GetName().Version ?? new Version(0, 0, 0);
            string text = string.Create(CultureInfo.InvariantCulture, $"{version.Major}.{version.Minor}.{version.Build}");
            parsed.InvocationConfiguration.Output.Write(ManPage.Write(CommandTree.Of(root()), text, Date));
            return ExitCode.Success;
        });
        return command;
    }
}
