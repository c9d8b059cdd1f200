using System;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using FastKsm.Cli.Commands;

namespace FastKsm.Cli;

/// <summary>The commands of <c>fastksm</c> and the mapping of their outcomes to exit codes.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command; whatever goes wrong is one line on stderr.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    internal static int Run(string[] arguments)
    {
        RootCommand root = new("What would same-page merging (KSM) save here, with which settings, at what price?");
        root.Subcommands.Add(EvaluateCommand.Create());
        root.Subcommands.Add(ExecCommand.Create());
        root.Subcommands.Add(RunCommand.Create());
        root.Subcommands.Add(ConformCommand.Create());
        root.Subcommands.Add(ScenarioCommand.Create());
        root.Subcommands.Add(SelfTestCommand.Create());
        root.Subcommands.Add(DoctorCommand.Create());

        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            return Fail(ExitCode.BadInput, Describe(parsed));
        }

        if (arguments.Length == 0)
        {
            _ = root.Parse("--help").Invoke();
            return ExitCode.BadInput;
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (ToolException exception)
        {
            return Fail(exception.ExitCode, exception.Message);
        }
        catch (OutOfMemoryException exception)
        {
            return Fail(ExitCode.Exhausted, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A file that the user named (--json FILE, --csv FILE) or a /proc that is not there.
            return Fail(ExitCode.NotPermitted, exception.Message);
        }
    }

    private static string Describe(ParseResult parsed)
    {
        ParseError error = parsed.Errors[0];
        string command = parsed.CommandResult.Command is RootCommand ? "fastksm" : $"fastksm {parsed.CommandResult.Command.Name}";
        return $"{string.Join(' ', error.Message.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Length > 0))} "
            + $"Try '{command} --help'.";
    }

    private static int Fail(int exitCode, string message)
    {
        Console.Error.WriteLine($"fastksm: {message}");
        return exitCode;
    }
}
