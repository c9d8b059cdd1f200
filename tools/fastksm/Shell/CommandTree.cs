using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.Globalization;
using System.Linq;

namespace FastKsm.Cli.Shell;

/// <summary>Reads the command tree into what a shell is told.</summary>
internal static class CommandTree
{
    /// <summary>The whole tree.</summary>
    /// <param name="root">The program's own command.</param>
    internal static CommandEntry Of(Command root) => Of(root, [], []);

    private static CommandEntry Of(Command command, IReadOnlyList<string> path, IReadOnlyList<Option> inherited)
    {
        List<Option> options = [.. command.Options.Where(option => !option.Hidden)];
        options.AddRange(inherited.Where(option => !options.Contains(option)));
        Option[] recursive = [.. options.Where(option => option.Recursive || option is HelpOption)];
        return new CommandEntry(
            path,
            command.Description ?? string.Empty,
            [.. options.Select(Of)],
            [.. command.Arguments.Where(argument => !argument.Hidden).Select(Of)],
            [
                .. command.Subcommands.Where(subcommand => !subcommand.Hidden)
                    .Select(subcommand => Of(subcommand, [.. path, subcommand.Name], recursive)),
            ]);
    }

    private static OptionEntry Of(Option option)
    {
        bool takesValue = option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);
        string[] values = takesValue ? Words(option.GetCompletions(CompletionContext.Empty)) : [];
        return new OptionEntry(
            option.Name,
            [.. option.Aliases.Where(alias => IsForShells(alias) && !string.Equals(alias, option.Name, StringComparison.Ordinal))],
            option.Description ?? string.Empty,
            !takesValue ? string.Empty : option.HelpName ?? (values.Length > 0 ? string.Join('|', values) : "VALUE"),
            takesValue && option.Arity.MinimumNumberOfValues == 0,
            values,
            takesValue && option.HasDefaultValue ? Text(option.GetDefaultValue()) : null);
    }

    private static ArgumentEntry Of(Argument argument) => new(
        argument.HelpName ?? argument.Name,
        argument.Description ?? string.Empty,
        argument.Arity.MinimumNumberOfValues == 0,
        argument.Arity.MaximumNumberOfValues > 1,
        Words(argument.GetCompletions(CompletionContext.Empty)));

    // /h is another system's, and ? is a wildcard to a shell.
    private static bool IsForShells(string spelling) =>
        spelling.StartsWith('-') && !spelling.Contains('?', StringComparison.Ordinal);

    private static string[] Words(IEnumerable<CompletionItem> items) =>
        [.. items.Select(item => item.InsertText ?? item.Label).Distinct(StringComparer.Ordinal)];

    // Lists and what is decided later have no text that would tell anything.
    private static string? Text(object? value) => value is string or IConvertible
        ? Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : null
        : null;
}
