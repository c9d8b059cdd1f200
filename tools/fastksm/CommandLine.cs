using System.CommandLine;
using FastKsm.Cli.SelfTest;

namespace FastKsm.Cli;

/// <summary>The commands of <c>fastksm</c> and the mapping of their outcomes to exit codes.</summary>
internal static class CommandLine
{
    internal static int Run(string[] arguments)
    {
        RootCommand root = new("What would same-page merging (KSM) save here, with which settings, at what price?");
        root.Subcommands.Add(SelfTestCommand.Create());
        ParseResult parsed = root.Parse(arguments);
        return parsed.Invoke();
    }
}
