using System;
using System.Linq;
using System.Text;

namespace FastKsm.Cli.Shell;

/// <summary>Completion for fish, with a description beside each word.</summary>
internal static class FishCompletion
{
    /// <summary>The script.</summary>
    internal static string Write(CommandEntry root)
    {
        StringBuilder text = new();
        _ = text.Append("""
            # Completion of fastksm for fish: fastksm completion fish | source, or into ~/.config/fish/completions/fastksm.fish.
            function __fastksm_at
                set -l at ''
                set -l typed (commandline -opc)
                set -e typed[1]
                for word in $typed
                    switch "$at $word"
                        case
            """).Append(' ').AppendJoin(' ', root.All().Where(entry => entry.Path.Count > 0).Select(entry => Quote(entry.Key))).Append("""

                            set at "$at $word"
                    end
                end
                test "$at" = "$argv[1]"
            end
            complete -c fastksm -f

            """);
        foreach (CommandEntry entry in root.All())
        {
            string begin = $"complete -c fastksm -n \"__fastksm_at '{entry.Key}'\"";
            foreach (CommandEntry command in entry.Commands)
            {
                _ = text.Append(begin).Append(" -a ").Append(Quote(command.Name)).Append(" -d ").Append(Quote(command.Description)).Append('\n');
            }

            foreach (ArgumentEntry argument in entry.Arguments)
            {
                _ = argument.Values.Count > 0 ? text.Append(begin).Append(" -a ").Append(Quote(string.Join(' ', argument.Values))).Append('\n')
                    : argument.IsFile ? text.Append(begin).Append(" -F\n")
                    : ValueNames.IsProgram(argument.Name) ? text.Append(begin).Append(" -a '(__fish_complete_command)'\n")
                    : text;
            }

            foreach (OptionEntry option in entry.Options)
            {
                _ = text.Append(begin);
                foreach (string spelling in option.Spellings)
                {
                    _ = text.Append(spelling.StartsWith("--", StringComparison.Ordinal) ? " -l " : " -s ").Append(spelling.TrimStart('-'));
                }

                _ = option.IsFile ? text.Append(" -r -F")
                    : option.TakesValue && !option.IsValueOptional ? text.Append(" -x")
                    : text;
                _ = option.Values.Count > 0 ? text.Append(" -a ").Append(Quote(string.Join(' ', option.Values))) : text;
                _ = text.Append(" -d ").Append(Quote(option.Description)).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Quote(string word) =>
        $"'{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
