using System;
using System.Collections.Generic;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Output;

namespace FastKsm.Cli.Commands;

/// <summary>By what processes are summed up: unit, container, cgroup, user or command.</summary>
internal static class OwnerArgument
{
    private static readonly OwnerKind[] s_kinds =
        [OwnerKind.Unit, OwnerKind.Container, OwnerKind.Cgroup, OwnerKind.User, OwnerKind.Command];

    /// <summary>The words to choose from.</summary>
    internal static IEnumerable<CompletionItem> Words => s_kinds.Select(kind => new CompletionItem(Wording.KeyOf(kind)));

    /// <summary>Parses the argument of the option.</summary>
    internal static OwnerKind? Parse(ArgumentResult result)
    {
        string word = result.Tokens[0].Value;
        foreach (OwnerKind kind in s_kinds)
        {
            if (string.Equals(word, Wording.KeyOf(kind), StringComparison.Ordinal))
            {
                return kind;
            }
        }

        string known = string.Join(", ", s_kinds.Select(Wording.KeyOf));
        result.AddError($"--by {word}: one of {known}{Suggestion.For(word, s_kinds.Select(Wording.KeyOf))}");
        return null;
    }
}
