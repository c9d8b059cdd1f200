using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace FastKsm.Tests.Scripting;

/// <summary>Gives most lines of a mutated script names that exist there, so that it is performed further than its first lines.</summary>
/// <remarks>It follows processes, regions and their sizes roughly; what it takes for good may still be refused.</remarks>
internal sealed class ScriptMender(Random random)
{
    private const int LeaveOneIn = 16;
    private const int BeyondOneIn = 24;

    private readonly Dictionary<string, Dictionary<string, ulong>> _processes = new(StringComparer.Ordinal);
    private int _fresh;

    /// <summary>Mends a script line by line; lines that cannot be mended are dropped.</summary>
    internal IEnumerable<string> Mend(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            string[] words = line.Split(' ');
            if (random.Next(LeaveOneIn) == 0 || words.Length < 2 || IsAboutNoProcess(words[0]))
            {
                yield return line;
            }
            else if (Mend(words))
            {
                yield return string.Join(' ', words);
            }
        }
    }

    private static bool IsAboutNoProcess(string keyword) => keyword is "machine" or "ksm" or "run" or "scan" or "batch" or "advance"
        or "advisor-cpu" or "idle" or "reclaim" or "limit" or "swapon" or "swapoff" or "offline" or "online"
        || keyword.StartsWith("expect", StringComparison.Ordinal) || keyword.StartsWith("remember", StringComparison.Ordinal);

    private bool Mend(string[] words)
    {
        if (words[0] is "spawn")
        {
            return _processes.TryAdd(words[1], new Dictionary<string, ulong>(StringComparer.Ordinal));
        }

        if (_processes.Count == 0)
        {
            return false;
        }

        if (!_processes.ContainsKey(words[1]))
        {
            words[1] = Pick(_processes.Keys);
        }

        Dictionary<string, ulong> regions = _processes[words[1]];
        switch (words[0])
        {
            case "fork" when words.Length > 2:
                return _processes.TryAdd(words[2], new Dictionary<string, ulong>(regions, StringComparer.Ordinal));
            case "exit":
                return _processes.Count > 1 && _processes.Remove(words[1]);
            case "exec":
                regions.Clear();
                return random.Next(4) == 0;
            case "map" when words.Length > 3:
                return MendMap(words, regions);
            case "thread" or "cpu" or "prctl":
                return true;
            default:
                return words.Length > 2 && MendRange(words, 2, regions) && MendOptions(words, regions);
        }
    }

    private bool MendMap(string[] words, Dictionary<string, ulong> regions)
    {
        if (regions.ContainsKey(words[2]))
        {
            words[2] = Fresh();
        }

        regions[words[2]] = PagesOf(words[3], otherwise: 1);
        return MendOptions(words, regions);
    }

    private bool MendOptions(string[] words, Dictionary<string, ulong> regions)
    {
        for (int i = 3; i < words.Length; i++)
        {
            if (words[i] is ['a', 's', '=', .. string name])
            {
                words[i] = "as=" + (regions.TryAdd(name, 1) ? name : Fresh());
            }
            else if (words[i].StartsWith("at=", StringComparison.Ordinal) || words[i].StartsWith("to=", StringComparison.Ordinal))
            {
                int bracket = words[i].IndexOf('[', StringComparison.Ordinal);
                if (bracket > 0 && !regions.ContainsKey(words[i][3..bracket]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    // Another region for one that is not there, and pages that it has.
    private bool MendRange(string[] words, int at, Dictionary<string, ulong> regions)
    {
        if (regions.Count == 0)
        {
            return false;
        }

        string word = words[at];
        int bracket = word.IndexOf('[', StringComparison.Ordinal);
        string region = bracket < 0 ? word : word[..bracket];
        if (!regions.ContainsKey(region))
        {
            region = Pick(regions.Keys);
        }

        ulong pages = Math.Max(1, regions[region]);
        bool isWhole = bracket < 0;
        string behind = isWhole ? string.Empty : word[bracket..];
        if (!isWhole && random.Next(BeyondOneIn) != 0)
        {
            behind = MendPages(behind, pages);
        }

        words[at] = region + behind;
        if (words[0] is "unmap" && isWhole)
        {
            _ = regions.Remove(region);
        }

        return true;
    }

    private static string MendPages(string selection, ulong pages)
    {
        int plus = selection.IndexOf(']', StringComparison.Ordinal);
        string inner = plus < 0 ? selection[1..] : selection[1..plus];
        string behind = plus < 0 ? string.Empty : selection[(plus + 1)..];
        string[] ends = inner.Split("..", 2);
        ulong first = PagesOf(ends[0], otherwise: 0) % pages;
        if (ends.Length == 1)
        {
            return $"[{first}]{behind}";
        }

        string[] parts = ends[1].Split(':', 2);
        ulong last = Math.Min(pages - 1, Math.Max(first, PagesOf(parts[0], otherwise: first)));
        return parts.Length == 1 ? $"[{first}..{last}]{behind}" : $"[{first}..{last}:{parts[1]}]{behind}";
    }

    private static ulong PagesOf(string text, ulong otherwise) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong pages) ? pages : otherwise;

    private string Fresh() => $"r{_fresh++}";

    private string Pick(IReadOnlyCollection<string> names) => names.ElementAt(random.Next(names.Count));
}
