using System;

namespace FastKsm.Scripting.Reading;

/// <summary>Numbers as scripts write them.</summary>
internal static class Numbers
{
    /// <summary>Reads a decimal or 0x number from the start of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The number, if it fits.</param>
    /// <param name="fits">Whether it fits into 64 bits.</param>
    /// <returns>Characters read; 0 if there is no number.</returns>
    internal static int Read(ReadOnlySpan<char> text, out ulong value, out bool fits)
    {
        bool hexadecimal = text.StartsWith("0x") || text.StartsWith("0X");
        uint radix = hexadecimal ? 16u : 10u;
        int first = hexadecimal ? 2 : 0;
        int i = first;
        value = 0;
        fits = true;
        for (; i < text.Length && DigitOf(text[i]) is var digit && digit < radix; i++)
        {
            fits &= value <= (ulong.MaxValue - digit) / radix;
            value = fits ? (value * radix) + digit : 0;
        }

        return i == first ? 0 : i;
    }

    private static uint DigitOf(char c) => c switch
    {
        >= '0' and <= '9' => (uint)(c - '0'),
        >= 'a' and <= 'f' => (uint)(c - 'a' + 10),
        >= 'A' and <= 'F' => (uint)(c - 'A' + 10),
        _ => uint.MaxValue,
    };
}
