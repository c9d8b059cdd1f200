using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Tests.Scripting;

/// <summary>Makes scripts from scripts: lines dropped, repeated, moved and borrowed, words exchanged for others of their kind.</summary>
/// <remarks>
/// Most mutants stay grammatical, so that they get past the reader and as deep into a performer as their meaning allows;
/// one in ten has its bytes damaged besides. The same seed makes the same mutant.
/// </remarks>
internal sealed class ScriptMutator
{
    private const int MostLines = 40;
    private const int KeepCheckOneIn = 5;
    private const int DamageOneIn = 10;

    private static readonly string[] s_numbers =
    [
        "0", "1", "2", "3", "7", "16", "255", "256", "512", "1000", "4095", "4096", "65536", "0x7000000000", "0x1000000000",
        "68719476736", "68719476737", "0x7fffffffffff", "18446744073709551615", "99999999999999999999", "-1", "0x",
    ];

    private static readonly string[] s_names = ["A", "B", "C", "heap", "left", "right", "middle", "away"];

    private readonly string[][] _scripts;
    private readonly Dictionary<(string Keyword, int Position), string[]> _words;

    /// <param name="corpus">Scripts to begin with.</param>
    internal ScriptMutator(IEnumerable<Script> corpus)
    {
        _scripts = [.. corpus.Select(script => script.Operations.Select(ScriptPrinter.Print).ToArray())];
        _words = _scripts.SelectMany(lines => lines)
            .SelectMany(line => line.Split(' ').Select((word, position) => (Key: (line.Split(' ')[0], position), word)))
            .GroupBy(entry => entry.Key, entry => entry.word)
            .ToDictionary(group => group.Key, group => group.Distinct(StringComparer.Ordinal).ToArray());
    }

    /// <summary>Makes one script.</summary>
    internal string Mutate(Random random)
    {
        List<string> lines = [.. Pick(random, _scripts).Where(line => IsKept(random, line))];
        if (random.Next(3) == 0)
        {
            lines.AddRange(Pick(random, _scripts).Where(line => IsKept(random, line)));
        }

        for (int i = random.Next(1, 6); i > 0; i--)
        {
            MutateLines(random, lines);
        }

        string text = string.Join('\n', new ScriptMender(random).Mend(lines).Take(MostLines));
        return random.Next(DamageOneIn) == 0 ? Damage(random, text) : text;
    }

    private static bool IsKept(Random random, string line) =>
        !line.StartsWith("machine", StringComparison.Ordinal)
        && (!line.StartsWith("expect", StringComparison.Ordinal) || random.Next(KeepCheckOneIn) == 0);

    private void MutateLines(Random random, List<string> lines)
    {
        int at = random.Next(lines.Count + 1);
        switch (random.Next(8))
        {
            case 0 when at < lines.Count:
                lines.RemoveAt(at);
                break;
            case 1 when at < lines.Count:
                lines.Insert(random.Next(lines.Count + 1), lines[at]);
                break;
            case 2 when at < lines.Count:
                int other = random.Next(lines.Count);
                (lines[at], lines[other]) = (lines[other], lines[at]);
                break;
            case 3:
                lines.Insert(at, Pick(random, Pick(random, _scripts)));
                break;
            case 4:
                lines.Insert(at, $"fork {Pick(random, s_names[..3])} {Pick(random, s_names[..3])}");
                break;
            case >= 5 when at < lines.Count:
                lines[at] = MutateWord(random, lines[at]);
                break;
            default:
                break;
        }
    }

    // Most words give way to what the corpus has in their place, others to a number, range or name made up here.
    private string MutateWord(Random random, string line)
    {
        string[] words = line.Split(' ');
        if (words.Length < 2)
        {
            return line;
        }

        int at = random.Next(1, words.Length);
        words[at] = words[at] switch
        {
            _ when random.Next(2) == 0 && _words.TryGetValue((words[0], at), out string[]? others) => Pick(random, others),
            var word when char.IsAsciiDigit(word[0]) => Number(random),
            var word when word.IndexOf('[', StringComparison.Ordinal) is var bracket and > 0 && !word.Contains('=', StringComparison.Ordinal) =>
                Range(random, word[..bracket]),
            var word when word.IndexOf('=', StringComparison.Ordinal) is var sign and > 0 => word[..(sign + 1)] + Number(random),
            var word when at == 2 => Range(random, word),
            _ => Pick(random, s_names),
        };
        return string.Join(' ', words);
    }

    private static string Number(Random random) => random.Next(4) > 0 ? $"{random.Next(20)}" : Pick(random, s_numbers);

    private static string Range(Random random, string region)
    {
        int first = random.Next(6);
        int last = first + random.Next(4);
        return random.Next(4) switch
        {
            0 => $"{region}[{first}]",
            1 => $"{region}[{first}..{last}]",
            2 => $"{region}[{first}..{last}:{random.Next(1, 4)}]",
            _ => $"{region}[{first}..{Number(random)}]",
        };
    }

    private static string Damage(Random random, string text)
    {
        char[] damaged = text.ToCharArray();
        for (int i = random.Next(1, 4); i > 0 && damaged.Length > 0; i--)
        {
            damaged[random.Next(damaged.Length)] = (char)random.Next(256);
        }

        return new string(damaged);
    }

    private static T Pick<T>(Random random, T[] items) => items[random.Next(items.Length)];
}
