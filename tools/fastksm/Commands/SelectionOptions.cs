using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;

namespace FastKsm.Cli.Commands;

/// <summary>
/// The arguments that say which processes are meant, the same for every command that reads processes.
/// </summary>
internal sealed class SelectionOptions
{
    private readonly string _command;
    private Option[] _others = [];
    private readonly Argument<string[]> _names = new("NAME")
    {
        Description = "Processes by name, or by the beginning of it up to a digit or a sign (python is also python3); a number is a pid.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<int[]> _pid = new("--pid")
    {
        Description = "Processes, by id: 1 or 1,2,3. May be repeated.",
        HelpName = "N",
        CustomParser = PidArgument.Parse,
    };

    private readonly Option<string[]> _name = new("--name")
    {
        Description = "Processes whose name or program file matches; * and ? stand for anything. May be repeated.",
        HelpName = "PATTERN",
    };

    private readonly Option<string[]> _user = new("--user")
    {
        Description = "Processes of a user, by name or number. May be repeated.",
        HelpName = "USER",
    };

    private readonly Option<bool> _all = new("--all") { Description = "Every process that may be read." };

    private readonly Option<string[]> _exclude = new("--exclude")
    {
        Description = "Leave out processes of this name (as NAME). May be repeated.",
        HelpName = "NAME",
    };

    /// <param name="command">Name of the command, for messages.</param>
    internal SelectionOptions(string command) => _command = command;

    /// <summary>
    /// Names options of the command that choose something else to read, so that no process need be chosen.
    /// </summary>
    internal void Beside(params Option[] others) => _others = others;

    /// <summary>Gives them to a command, before its own options.</summary>
    internal void AddTo(Command command)
    {
        command.Arguments.Add(_names);
        foreach (Option option in (Option[])[_pid, _name, _user, _all, _exclude])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What was asked for.</summary>
    internal ProcessSelection Read(ParseResult parsed)
    {
        List<int> numbers = [.. parsed.GetValue(_pid) ?? []];
        List<string> names = [];
        foreach (string word in parsed.GetValue(_names) ?? [])
        {
            if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0)
            {
                numbers.Add(number);
            }
            else
            {
                names.Add(word);
            }
        }

        return new ProcessSelection(
            numbers, parsed.GetValue(_name) ?? [], [.. (parsed.GetValue(_user) ?? []).Select(UserArgument.ToUserId)], parsed.GetValue(_all))
        {
            Names = names,
            Excluded = parsed.GetValue(_exclude) ?? [],
        };
    }

    /// <summary>The same selection again, for a command line that a report advises.</summary>
    internal string TextOf(ParseResult parsed)
    {
        List<string> words = [];
        foreach (Option option in (Option[])[_all, _pid, _name, _user, _exclude, .. _others])
        {
            if (parsed.GetResult(option) is { Implicit: false } given)
            {
                words.AddRange(given.Tokens.Count == 0 ? [option.Name] : given.Tokens.SelectMany(token => new[] { option.Name, token.Value }));
            }
        }

        words.AddRange(parsed.GetResult(_names)?.Tokens.Select(token => token.Value) ?? []);
        return string.Join(' ', words.Select(ShellWord.Quote));
    }

    /// <summary>The processes that are meant and run now; what matches nothing is said on stderr.</summary>
    /// <exception cref="ToolException">None is.</exception>
    internal IReadOnlyList<int> Find(ProcessSelection selection)
    {
        SelectedProcesses found = selection.Find();
        List<string> missing =
        [
            .. found.UnmatchedNames.Select(name => $"no running process matches '{name}'{Suggestion.For(name, found.RunningNames)}"),
            .. found.UnmatchedUserIds.Select(user => string.Create(CultureInfo.InvariantCulture, $"no process of user {user} runs.")),
        ];
        if (found.Pids.Count == 0)
        {
            throw new ToolException(
                ExitCode.BadInput, missing.Count > 0 ? $"{_command}: {string.Join(' ', missing)}" : $"{_command}: every process is excluded.");
        }

        // Some of what was asked for is there: it is shown, and what is not is said.
        foreach (string what in missing)
        {
            StandardError.Say($"{_command}: {what}");
        }

        return found.Pids;
    }

    /// <summary>Refuses a selection that names nothing, and another system than Linux.</summary>
    /// <param name="selection">The selection.</param>
    /// <param name="hasOthers">Whether something else was chosen (<see cref="Beside"/>).</param>
    internal void Check(ProcessSelection selection, bool hasOthers = false)
    {
        if (!System.OperatingSystem.IsLinux())
        {
            throw new ToolException(ExitCode.NotPermitted, $"{_command} reads /proc, which only Linux has.");
        }

        if (selection.IsEmpty && !hasOthers)
        {
            string files = _others.Length == 0 ? string.Empty : $"; or which files: {string.Join(", ", _others.Select(option => option.Name))}";
            throw new ToolException(
                ExitCode.BadInput, $"{_command}: say which processes: a name, --pid N, --name PATTERN, --user USER or --all{files}.");
        }
    }
}
