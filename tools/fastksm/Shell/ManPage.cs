using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace FastKsm.Cli.Shell;

/// <summary>The manual page, in the <c>man</c> macros of roff (man(7)).</summary>
/// <remarks>Every text goes through <see cref="Plain"/>, so that a hyphen stays a hyphen and a dot at a line's beginning no request.</remarks>
internal static class ManPage
{
    private const int LineLength = 78;

    private static readonly (string Code, string Meaning)[] s_exitCodes =
    [
        ("0", "Done."),
        ("1", "The answer is no: an expectation failed, engine and kernel differ, or less would be saved than --fail-under asks for."),
        ("2", "Bad usage or bad input."),
        ("3", "The host does not permit it."),
        ("4", "Something ran out, such as room on the disk."),
        ("130, 143", "Interrupted by Ctrl-C or SIGTERM."),
        ("141", "The reader of the output went."),
    ];

    private static readonly (string Name, string Meaning)[] s_environment =
    [
        ("COLUMNS", "Width of reports that go into a file or a pipe. Default: lines of any length."),
        ("NO_COLOR", "Where it is not empty, nothing is bold."),
        ("TERM", "With dumb, no escape sequences are written."),
        ("LC_ALL, LC_CTYPE, LANG", "The first that is set decides: a locale that is not UTF-8 gives ASCII only."),
    ];

    private static readonly (string Command, string Meaning)[] s_examples =
    [
        ("fastksm evaluate --all", "Shows what merging would save here, and what to do next."),
        ("fastksm evaluate --all --by unit", "Shows the same by systemd unit."),
        ("fastksm evaluate redis --target-scan-time 3m", "Recommends settings, with lines to paste."),
        ("fastksm exec --merge -- COMMAND", "Starts a program with merging enabled for it."),
    ];

    /// <summary>The page.</summary>
    /// <param name="root">The command tree.</param>
    /// <param name="version">Version of the program.</param>
    /// <param name="date">The day that the page is of, such as 2026-11-30.</param>
    internal static string Write(CommandEntry root, string version, string date)
    {
        StringBuilder page = new();
        Request(page, "TH", "FASTKSM", "1", date, $"fastksm {version}", "FastKsm");
        Request(page, "SH", "NAME");
        Line(page, "fastksm \\- tells what same\\-page merging (KSM) would save");
        Request(page, "SH", "SYNOPSIS");
        for (int i = 0; i < root.Commands.Count; i++)
        {
            if (i > 0)
            {
                Line(page, ".br");
            }

            Line(page, Synopsis(root.Commands[i]));
        }

        Request(page, "SH", "DESCRIPTION");
        Text(page, root.Description);
        Text(page, "Forecasts are Linux's own counters. Whatever goes wrong is one line on standard error.");
        Request(page, "SH", "COMMANDS");
        foreach (CommandEntry entry in root.All().Where(entry => entry.Path.Count > 0))
        {
            Command(page, entry);
        }

        Request(page, "SH", "OPTIONS OF EVERY COMMAND");
        foreach (OptionEntry option in root.Options)
        {
            Option(page, option);
        }

        Request(page, "SH", "EXIT STATUS");
        Definitions(page, s_exitCodes);
        Request(page, "SH", "ENVIRONMENT");
        Definitions(page, s_environment);
        Request(page, "SH", "EXAMPLES");
        Definitions(page, s_examples);
        Request(page, "SH", "SEE ALSO");
        Line(page, ".BR madvise (2),");
        Line(page, ".BR prctl (2),");
        Line(page, ".BR proc (5)");
        return page.ToString();
    }

    private static string Synopsis(CommandEntry command)
    {
        StringBuilder line = new($"\\fBfastksm {Plain(string.Join(' ', command.Path))}\\fR");
        _ = command.Options.Count > 0 ? line.Append(" [\\fIoptions\\fR]") : line;
        foreach (ArgumentEntry argument in command.Arguments)
        {
            string name = $"\\fI{Plain(argument.Name)}\\fR{(argument.IsRepeatable ? " ..." : string.Empty)}";
            _ = line.Append(' ').Append(argument.IsOptional ? $"[{name}]" : name);
        }

        _ = command.Commands.Count > 0 ? line.Append(" [\\fIcommand\\fR]") : line;
        return line.ToString();
    }

    private static void Command(StringBuilder page, CommandEntry entry)
    {
        Request(page, "SS", Synopsis(entry));
        Text(page, entry.Description);
        foreach (ArgumentEntry argument in entry.Arguments)
        {
            Line(page, ".TP");
            Line(page, $"\\fI{Plain(argument.Name)}\\fR");
            Text(page, argument.Description);
        }

        foreach (OptionEntry option in entry.Options.Where(option => !option.Spellings.Contains("--help", StringComparer.Ordinal)))
        {
            Option(page, option);
        }
    }

    private static void Option(StringBuilder page, OptionEntry option)
    {
        string value = !option.TakesValue ? string.Empty
            : option.IsValueOptional ? $" [\\fI{Plain(option.ValueName)}\\fR]"
            : $" \\fI{Plain(option.ValueName)}\\fR";
        Line(page, ".TP");
        Line(page, string.Join(", ", option.Spellings.Select(spelling => $"\\fB{Plain(spelling)}\\fR")) + value);
        string known = option.Default is { } given && !option.Description.Contains("Default", StringComparison.OrdinalIgnoreCase)
            ? $" Default: {given}." : string.Empty;
        Text(page, option.Description + known);
    }

    private static void Definitions(StringBuilder page, IEnumerable<(string Term, string Meaning)> definitions)
    {
        foreach ((string term, string meaning) in definitions)
        {
            Line(page, ".TP");
            Line(page, $"\\fB{Plain(term)}\\fR");
            Text(page, meaning);
        }
    }

    // Each sentence begins a line: roff then knows where sentences end. A dot or a quote at a line's beginning would be
    // a request.
    private static void Text(StringBuilder page, string text)
    {
        foreach (string sentence in text.Replace(". ", ".\n", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string line = string.Empty;
            foreach (string word in Plain(sentence).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (line.Length > 0 && line.Length + 1 + word.Length > LineLength)
                {
                    Line(page, line);
                    line = string.Empty;
                }

                line = line.Length > 0 ? $"{line} {word}" : word[0] is '.' or '\'' ? "\\&" + word : word;
            }

            Line(page, line);
        }
    }

    private static void Request(StringBuilder page, string name, params ReadOnlySpan<string> arguments)
    {
        _ = page.Append('.').Append(name);
        foreach (string argument in arguments)
        {
            _ = page.Append(" \"").Append(argument.Replace("\"", "\\(dq", StringComparison.Ordinal)).Append('"');
        }

        _ = page.Append('\n');
    }

    private static void Line(StringBuilder page, string line) => page.Append(line).Append('\n');

    private static string Plain(string text)
    {
        StringBuilder plain = new(text.Length);
        foreach (char letter in text)
        {
            _ = letter switch
            {
                '\\' => plain.Append("\\e"),
                '-' => plain.Append("\\-"),
                < ' ' => plain.Append(' '),
                > '~' => plain.Append(CultureInfo.InvariantCulture, $"\\[u{(int)letter:X4}]"),
                _ => plain.Append(letter),
            };
        }

        return plain.ToString();
    }
}
