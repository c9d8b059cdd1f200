using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using FastKsm.Cli.Commands;
using FastKsm.Cli.Output;

namespace FastKsm.Cli;

/// <summary>The commands of <c>fastksm</c> and the mapping of their outcomes to exit codes.</summary>
internal static partial class CommandLine
{
    private const string Name = "fastksm";

    /// <summary>Runs one command; whatever goes wrong is one line on stderr.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    internal static int Run(string[] arguments)
    {
        using StreamWriter output = new(StandardOutput.Open()) { AutoFlush = true };
        Console.SetOut(output);
        try
        {
            return Run(Arrange(arguments), output);
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
            // A file that the user named, or a /proc that is not there.
            return Fail(OutputFile.IsFull(exception) ? ExitCode.Exhausted : ExitCode.NotPermitted, exception.Message);
        }
    }

    /// <summary>The commands. Not a root command, whose name would be the file's that happens to be run.</summary>
    internal static Command CreateRoot() => new(Name, "What would same-page merging (KSM) save here, with which settings, at what price?")
    {
        EvaluateCommand.Create(),
        WatchCommand.Create(),
        RecordCommand.Create(),
        ReplayCommand.Create(),
        ExecCommand.Create(),
        RunCommand.Create(),
        ConformCommand.Create(),
        ScenarioCommand.Create(),
        SelfTestCommand.Create(),
        DoctorCommand.Create(),
        CompletionCommand.Create(CreateRoot),
        ManCommand.Create(CreateRoot),
        new HelpOption(),
        new VersionOption(),
    };

    /// <summary>Parses arguments; an @ at the beginning of one means nothing, since programs behind exec have their own meaning for it.</summary>
    internal static ParseResult Parse(params string[] arguments) =>
        CreateRoot().Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });

    private static int Run(string[] arguments, TextWriter output)
    {
        ParseResult parsed = Parse(arguments);
        if (Complaint(parsed) is { } complaint)
        {
            return Fail(ExitCode.BadInput, complaint);
        }

        InvocationConfiguration configuration = new()
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // Commands that have something to end or put back see to signals themselves.
            Output = output,
        };
        if (arguments.Length == 0)
        {
            _ = Parse("--help").Invoke(configuration);
            return ExitCode.BadInput;
        }

        return parsed.Invoke(configuration);
    }

    /// <summary>Arguments as they are parsed: help is a command too, and what follows the program of exec is the program's.</summary>
    internal static string[] Arrange(string[] arguments)
    {
        switch (arguments)
        {
            case ["help", .. string[] rest]:
                return [.. rest, "--help"];
            case ["exec", ..]:
                int program = Array.FindIndex(arguments, 1, word => !word.StartsWith('-') || word is "--");
                return program < 0 || arguments[program] is "--" ? arguments : [.. arguments[..program], "--", .. arguments[program..]];
            default:
                return arguments;
        }
    }

    // What is wrong with the arguments, in one line; null for nothing.
    private static string? Complaint(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string path = string.Join(' ', Path(parsed.CommandResult));
        string help = $" Try '{path} --help'.";
        if (UnknownWord(parsed) is { } word)
        {
            string kind = word.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            IEnumerable<string> known = word.StartsWith('-')
                ? command.Options.Select(option => option.Name)
                : command.Subcommands.Select(subcommand => subcommand.Name);
            return $"unknown {kind} '{word}'{Suggestion.For(word, known)}{help}";
        }

        if (parsed.Errors.Count == 0)
        {
            return null;
        }

        string message = string.Join(
            ' ', parsed.Errors[0].Message.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Length > 0));
        message = NotANumber().Replace(message, "${option} ${text}: not a whole number, or out of range");
        return $"{message}{(message.EndsWith('.') ? string.Empty : ".")}{help}";
    }

    // The parser names the type that it wanted, in .NET's words; all types that it converts to are numbers.
    [GeneratedRegex("^Cannot parse argument '(?<text>.*)' for option '(?<option>[^']*)' as expected type .*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NotANumber();

    // A word that nothing takes; an option that is not known is taken for an argument where a command has some.
    private static string? UnknownWord(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.Count > 0)
        {
            return parsed.UnmatchedTokens[0];
        }

        HashSet<Token> arguments = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)];
        return parsed.Tokens
            .TakeWhile(token => token.Type != TokenType.DoubleDash)
            .FirstOrDefault(token => token.Value.Length > 1 && token.Value.StartsWith('-') && arguments.Contains(token))?.Value;
    }

    private static IEnumerable<string> Path(CommandResult command) =>
        command.Parent is CommandResult parent ? [.. Path(parent), command.Command.Name] : [command.Command.Name];

    private static int Fail(int exitCode, string message)
    {
        if (message.Length > 0)
        {
            StandardError.Say(message);
        }

        return exitCode;
    }
}
