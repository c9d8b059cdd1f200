using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Commands;

/// <summary>What a mistyped word was meant to be.</summary>
internal static class Suggestion
{
    /// <summary>"; did you mean 'evaluate'?", or a full stop where no known word is near.</summary>
    /// <param name="word">What was typed.</param>
    /// <param name="known">What could have been meant.</param>
    internal static string For(string word, IEnumerable<string> known)
    {
        (string Word, int Distance)[] near =
        [
            .. known.Distinct(StringComparer.Ordinal)
                .Select(candidate => (Word: candidate, Distance: Distance(word, candidate)))
                .Where(candidate => candidate.Distance <= Math.Max(1, Math.Min(word.Length, candidate.Word.Length) / 3)
                    || (word.Length >= 3 && candidate.Word.Contains(word, StringComparison.OrdinalIgnoreCase)))
                .OrderBy(candidate => candidate.Distance)
                .ThenBy(candidate => candidate.Word, StringComparer.Ordinal)
                .Take(3),
        ];
        return near.Length == 0 ? "."
            : $"; did you mean {string.Join(" or ", near.Select(candidate => $"'{candidate.Word}'"))}?";
    }

    /// <summary>Letters to insert, remove, replace or exchange with their neighbour to get from one word to the other.</summary>
    internal static int Distance(string first, string second)
    {
        int[][] cost = new int[first.Length + 1][];
        for (int i = 0; i <= first.Length; i++)
        {
            cost[i] = new int[second.Length + 1];
            for (int j = 0; j <= second.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i][j] = i + j;
                    continue;
                }

                bool same = char.ToUpperInvariant(first[i - 1]) == char.ToUpperInvariant(second[j - 1]);
                int least = Math.Min(Math.Min(cost[i - 1][j], cost[i][j - 1]) + 1, cost[i - 1][j - 1] + (same ? 0 : 1));
                bool exchanged = i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1];
                cost[i][j] = exchanged ? Math.Min(least, cost[i - 2][j - 2] + 1) : least;
            }
        }

        return cost[first.Length][second.Length];
    }
}
