using System;
using System.CommandLine.Parsing;
using System.Globalization;

namespace FastKsm.Cli.Commands;

/// <summary>A saving that is asked for: a size (<c>100M</c>, <c>1.5GiB</c>) or a share of the memory read (<c>5%</c>).</summary>
/// <param name="Text">As it was typed.</param>
/// <param name="Bytes">Size in bytes; null for a share.</param>
/// <param name="Share">Share, 0 to 1; null for a size.</param>
internal sealed record SavingGoal(string Text, double? Bytes, double? Share)
{
    private static readonly (string Suffix, double Bytes)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
        ("k", 1L << 10), ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1), ("", 1),
    ];

    /// <summary>Parses the argument of the option.</summary>
    internal static SavingGoal? Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (text.EndsWith('%'))
        {
            if (TryNumber(text[..^1], out double percent) && percent <= 100)
            {
                return new SavingGoal(text, null, percent / 100);
            }
        }
        else
        {
            foreach ((string suffix, double bytes) in s_units)
            {
                if (text.EndsWith(suffix, StringComparison.Ordinal) && TryNumber(text[..^suffix.Length], out double number))
                {
                    return new SavingGoal(text, number * bytes, null);
                }
            }
        }

        result.AddError(
            $"{(result.Parent as OptionResult)?.IdentifierToken?.Value} {text}: a size such as 100M or 1.5GiB, or a share from 0% to 100%.");
        return null;
    }

    /// <summary>Whether a saving reaches it.</summary>
    /// <param name="saved">Bytes saved; may be negative.</param>
    /// <param name="read">Bytes read.</param>
    internal bool IsReached(double saved, double read) =>
        Bytes is { } bytes ? saved >= bytes : Share is { } share && saved >= share * read;

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text.TrimEnd(' '), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
}
