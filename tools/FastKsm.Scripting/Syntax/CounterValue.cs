using System;
using System.Globalization;

namespace FastKsm.Scripting.Syntax;

/// <summary>What a counter or knob reads as: a number, or a word such as <c>yes</c> or <c>scan-time</c>.</summary>
/// <param name="Number">The number; 0 if it is a word.</param>
/// <param name="Word">The word; null if it is a number.</param>
public readonly record struct CounterValue(long Number, string? Word)
{
    /// <summary>A number.</summary>
    /// <param name="number">The number.</param>
    public static CounterValue Of(long number) => new(number, null);

    /// <summary>Linux's words for a yes-or-no figure.</summary>
    /// <param name="value">Whether it is so.</param>
    public static CounterValue Of(bool value) => new(0, value ? "yes" : "no");

    /// <summary>What a file shows: a number, the word in brackets of a list of words, or a word.</summary>
    /// <param name="text">The file's text; white space at its ends does not count.</param>
    public static CounterValue OfFile(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string trimmed = text.Trim();
        int open = trimmed.IndexOf('[', StringComparison.Ordinal);
        int close = trimmed.IndexOf(']', StringComparison.Ordinal);
        string word = open >= 0 && close > open ? trimmed[(open + 1)..close] : trimmed;
        return long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? Of(number)
            : new CounterValue(0, word);
    }

    /// <inheritdoc/>
    public override string ToString() => Word ?? Number.ToString(CultureInfo.InvariantCulture);
}
