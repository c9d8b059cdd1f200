using System;

namespace FastKsm.Scripting.Reading;

/// <summary>What a message shows of a script, however long it is.</summary>
internal static class Quote
{
    private const int Longest = 40;

    /// <summary>Text in quotes, cut if it is long.</summary>
    internal static string Of(ReadOnlySpan<char> text) =>
        text.Length <= Longest ? $"'{text}'" : $"'{text[..Longest]}…'";
}
