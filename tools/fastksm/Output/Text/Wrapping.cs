using System;
using System.Collections.Generic;
using System.Text;

namespace FastKsm.Cli.Output.Text;

/// <summary>Folds and cuts text to a width. A figure is never parted from its unit.</summary>
internal static class Wrapping
{
    private static readonly HashSet<string> s_units = new(StringComparer.Ordinal)
    {
        "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "%", "ns", "µs", "us", "ms", "s", "min", "h",
    };

    /// <summary>Folds a text at its blanks.</summary>
    /// <param name="text">A harmless text.</param>
    /// <param name="width">Columns of a line; a longer word has a line of its own. Null for one line.</param>
    /// <param name="hang">Columns that the lines behind the first have fewer.</param>
    internal static List<string> Fold(string text, int? width, int hang = 0)
    {
        if (width is not { } columns || HarmlessText.WidthOf(text) <= columns)
        {
            return [text];
        }

        List<string> lines = [];
        StringBuilder line = new();
        int used = 0;
        foreach (string word in Words(text))
        {
            int length = HarmlessText.WidthOf(word);
            if (used > 0 && used + 1 + length > columns)
            {
                lines.Add(line.ToString());
                _ = line.Clear();
                used = 0;
                columns = Math.Max(width.Value - hang, 1);
            }

            _ = used > 0 ? line.Append(' ') : line;
            _ = line.Append(word);
            used += length + (used > 0 ? 1 : 0);
        }

        lines.Add(line.ToString());
        return lines;
    }

    /// <summary>Folds a heading, at underscores too: a counter's name is longer than its figures.</summary>
    internal static List<string> FoldHeading(string text, int width)
    {
        List<string> lines = [];
        string line = string.Empty;
        foreach (string piece in Pieces(text))
        {
            if (line.Length > 0 && HarmlessText.WidthOf((line + piece).TrimEnd(' ')) > width)
            {
                lines.Add(line.TrimEnd(' '));
                line = string.Empty;
            }

            line += piece;
        }

        lines.Add(line.TrimEnd(' '));
        return lines;
    }

    /// <summary>Pieces of a heading, each with the blank or underscore that ends it.</summary>
    internal static IEnumerable<string> Pieces(string heading)
    {
        int start = 0;
        for (int i = 0; i < heading.Length; i++)
        {
            if (heading[i] is ' ' or '_')
            {
                yield return heading[start..(i + 1)];
                start = i + 1;
            }
        }

        yield return heading[start..];
    }

    /// <summary>The beginning of a text, with a mark where something is missing.</summary>
    internal static string CutEnd(string text, int width, string mark)
    {
        if (HarmlessText.WidthOf(text) <= width)
        {
            return text;
        }

        int used = HarmlessText.WidthOf(mark);
        int taken = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            used += HarmlessText.WidthOf(rune.ToString());
            if (used > width)
            {
                break;
            }

            taken += rune.Utf16SequenceLength;
        }

        return text[..taken] + mark;
    }

    /// <summary>The end of a text, with a mark where something is missing.</summary>
    internal static string CutStart(string text, int width, string mark)
    {
        int total = HarmlessText.WidthOf(text);
        if (total <= width)
        {
            return text;
        }

        int dropped = 0;
        int room = width - HarmlessText.WidthOf(mark);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (total <= room)
            {
                break;
            }

            total -= HarmlessText.WidthOf(rune.ToString());
            dropped += rune.Utf16SequenceLength;
        }

        return mark + text[dropped..];
    }

    private static IEnumerable<string> Words(string text)
    {
        string[] parts = text.Split(' ');
        for (int i = 0; i < parts.Length; i++)
        {
            string word = parts[i];
            while (i + 1 < parts.Length && word.Length > 0 && char.IsAsciiDigit(word[^1]) && IsUnit(parts[i + 1]))
            {
                i++;
                word = $"{word} {parts[i]}";
            }

            yield return word;
        }
    }

    private static bool IsUnit(string word) => s_units.Contains(word.TrimEnd(',', '.', ';', ':', ')'));
}
