using System;
using System.Collections.Generic;

namespace FastKsm.Scripting.Reading;

/// <summary>Names that somebody may have meant.</summary>
public static class Spelling
{
    private const int MostShown = 3;

    /// <summary>Renders <c>; did you mean 'scan'?</c>, or nothing if no name is near.</summary>
    /// <param name="written">What was written.</param>
    /// <param name="names">What exists.</param>
    public static string Suggest(string written, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(names);
        if (written.Length > Syntax.Name.MaxLength)
        {
            return string.Empty;
        }

        int farthest = 1 + (written.Length / 4);
        List<(int Distance, string Name)> near = [];
        foreach (string name in names)
        {
            int distance = name.Contains(written, StringComparison.OrdinalIgnoreCase) ? 1 : Distance(written, name);
            if (distance <= farthest)
            {
                near.Add((distance, name));
            }
        }

        near.Sort();
        if (near.Count == 0)
        {
            return string.Empty;
        }

        List<string> shown = near.ConvertAll(entry => $"'{entry.Name}'");
        return $"; did you mean {string.Join(" or ", shown[..Math.Min(MostShown, shown.Count)])}?";
    }

    // Levenshtein's distance, two rows at a time.
    private static int Distance(string left, string right)
    {
        int[] above = new int[right.Length + 1];
        int[] row = new int[right.Length + 1];
        for (int j = 0; j <= right.Length; j++)
        {
            above[j] = j;
        }

        for (int i = 1; i <= left.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replaced = above[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(above[j], row[j - 1]) + 1);
            }

            (above, row) = (row, above);
        }

        return above[right.Length];
    }
}
