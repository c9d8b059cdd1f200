using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace FastKsm.Cli.Shell;

/// <summary>Completion for bash 4 and later.</summary>
/// <remarks>
/// The words of the tree are this program's own, so they may go through <c>compgen -W</c>, which expands what it is
/// given. Nothing from outside goes there.
/// </remarks>
internal static class BashCompletion
{
    /// <summary>The script.</summary>
    internal static string Write(CommandEntry root)
    {
        StringBuilder text = new();
        _ = text.Append("""
            # Completion of fastksm for bash: source it, or put it into a file of /etc/bash_completion.d.
            _fastksm() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} at= i words=
                # bash takes --option=value for three words.
                if [[ $word == = ]]; then
                    word=
                elif [[ $before == = ]]; then
                    before=${COMP_WORDS[COMP_CWORD-2]}
                fi
                COMPREPLY=()
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "$at ${COMP_WORDS[i]}" in

            """).Append("            ").AppendJoin(" | ", root.All().Where(entry => entry.Path.Count > 0).Select(entry => Quote(entry.Key))).Append("""
            ) at="$at ${COMP_WORDS[i]}" ;;
                    esac
                done
                case "$at|$before" in

            """);
        foreach (CommandEntry entry in root.All())
        {
            foreach (OptionEntry option in entry.Options.Where(option => option.TakesValue))
            {
                _ = text.Append("        ")
                    .AppendJoin(" | ", option.Spellings.Select(spelling => Quote($"{entry.Key}|{spelling}")))
                    .Append(") ").Append(Value(option)).Append(" ;;\n");
            }
        }

        _ = text.Append("    esac\n    case \"$at\" in\n");
        foreach (CommandEntry entry in root.All())
        {
            _ = text.Append("        ").Append(Quote(entry.Key)).Append(") words='").AppendJoin(' ', Words(entry)).Append('\'');
            _ = entry.Arguments.Any(argument => argument.IsFile) ? text.Append("; [[ $word == -* ]] || _fastksm_files")
                : entry.Arguments.Any(argument => ValueNames.IsProgram(argument.Name)) ? text.Append("; [[ $word == -* ]] || _fastksm_programs")
                : text;
            _ = text.Append(" ;;\n");
        }

        return text.Append("""
                esac
                [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
            }
            _fastksm_files() {
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            }
            _fastksm_programs() {
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -c -- "$word"; compgen -f -- "$word")
            }
            complete -F _fastksm fastksm

            """).ToString();
    }

    // Options are shown once a hyphen is typed, or where there is nothing else to type.
    private static IEnumerable<string> Words(CommandEntry entry) =>
    [
        .. entry.Commands.Select(command => command.Name),
        .. entry.Arguments.SelectMany(argument => argument.Values),
        .. entry.Options.SelectMany(option => option.Spellings).Where(spelling => spelling.StartsWith("--", StringComparison.Ordinal)),
    ];

    private static string Value(OptionEntry option)
    {
        string end = option.IsValueOptional ? "[[ ${#COMPREPLY[@]} -eq 0 ]] || return" : "return";
        return option.IsFile ? $"_fastksm_files; {end}"
            : option.Values.Count > 0 ? $"mapfile -t COMPREPLY < <(compgen -W '{string.Join(' ', option.Values)}' -- \"$word\"); {end}"
            : option.IsValueOptional ? ":" : "return";
    }

    private static string Quote(string word) => $"'{word}'";
}
