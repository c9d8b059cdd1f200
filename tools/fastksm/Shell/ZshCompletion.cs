using System;
using System.Linq;
using System.Text;

namespace FastKsm.Cli.Shell;

/// <summary>Completion for zsh, with a description beside each word.</summary>
internal static class ZshCompletion
{
    /// <summary>The script.</summary>
    internal static string Write(CommandEntry root)
    {
        StringBuilder text = new();
        _ = text.Append("""
            #compdef fastksm
            # Completion of fastksm for zsh: source it behind compinit, or put it as _fastksm into a folder of $fpath.
            _fastksm() {
                local at= word i
                local -a commands options
                for ((i = 2; i < CURRENT; i++)); do
                    case "$at ${words[i]}" in

            """).Append("            ").AppendJoin(" | ", root.All().Where(entry => entry.Path.Count > 0).Select(entry => Quote(entry.Key))).Append("""
            ) at="$at ${words[i]}" ;;
                    esac
                done
                case "$at|${words[CURRENT-1]}" in

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
            _ = text.Append("        ").Append(Quote(entry.Key)).Append(")\n");
            Append(text, "commands", entry.Commands.Select(command => Quote($"{command.Name}:{command.Description}"))
                .Concat(entry.Arguments.SelectMany(argument => argument.Values).Select(Quote)));
            Append(text, "options", entry.Options.SelectMany(option =>
                option.Spellings.Where(IsWord).Select(spelling => Quote($"{spelling}:{option.Description}"))));
            _ = text.Append("            ;;\n");
        }

        string files = string.Join(" | ", root.All().Where(entry => entry.Arguments.Any(argument => argument.IsFile)).Select(entry => Quote(entry.Key)));
        string programs = string.Join(
            " | ", root.All().Where(entry => entry.Arguments.Any(argument => ValueNames.IsProgram(argument.Name))).Select(entry => Quote(entry.Key)));
        return text.Append("    esac\n    if [[ ${words[CURRENT]} != -* ]]; then\n        case \"$at\" in\n            ").Append(files).Append(") _files; return ;;\n            ").Append(programs).Append("""
            ) _command_names -e; _files; return ;;
                    esac
                    if (( ${#commands} )); then
                        _describe -t commands command commands
                        return
                    fi
                fi
                _describe -t options option options
            }
            if [[ ${funcstack[1]} == _fastksm ]]; then
                _fastksm "$@"
            else
                compdef _fastksm fastksm
            fi

            """).ToString();
    }

    private static void Append(StringBuilder text, string array, System.Collections.Generic.IEnumerable<string> words)
    {
        _ = text.Append("            ").Append(array).Append("=(");
        foreach (string word in words)
        {
            _ = text.Append("\n                ").Append(word);
        }

        _ = text.Append(")\n");
    }

    private static string Value(OptionEntry option) =>
        (option.IsFile ? "_files"
            : option.Values.Count > 0 ? $"compadd -- {string.Join(' ', option.Values.Select(Quote))}"
            : option.IsValueOptional ? ":"
            : $"_message {Quote(option.ValueName)}") + (option.IsValueOptional ? string.Empty : "; return");

    private static bool IsWord(string spelling) => spelling.StartsWith("--", StringComparison.Ordinal);

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
