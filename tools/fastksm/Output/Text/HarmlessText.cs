using System;
using System.Buffers;
using System.Globalization;
using System.Text;
using FastKsm.Cli.LiveProcesses;
using Wcwidth;

namespace FastKsm.Cli.Output.Text;

/// <summary>Makes any text fit to be printed for people: one line, no control of the terminal, no reordering, no broken bytes.</summary>
/// <remarks>
/// Names of processes, files and units are chosen by whoever starts them; a name with an escape sequence clears the screen,
/// one with a bidirectional control reverses the figures beside it. What could do so is shown as an escape: <c>\n</c>,
/// <c>\x1b</c> (a control character or a broken byte), <c>\u202e</c> (any other). All else stays as it is.
/// Everything that the tool prints for people goes through here: <see cref="ReportWriter"/> applies it to every piece.
/// </remarks>
internal static class HarmlessText
{
    // Marks are drawn over the character before them; a few make an accent, a hundred cover the lines around.
    private const int MostMarksInARow = 2;

    /// <summary>The text, fit to be printed.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="ascii">Whether the reader's terminal may not know more than ASCII.</param>
    internal static string Of(string text, bool ascii = false)
    {
        if (IsPlain(text))
        {
            return text;
        }

        StringBuilder harmless = new(text.Length + 16);
        int marks = MostMarksInARow; // A mark at the beginning would be drawn over what stands before the text.
        for (int i = 0; i < text.Length;)
        {
            OperationStatus status = Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int taken);
            if (status != OperationStatus.Done)
            {
                AppendEscape(harmless, text[i]);
                i++;
                continue;
            }

            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool isMark = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;
            marks = isMark ? marks + 1 : 0;
            if (IsHarmful(category) || marks > MostMarksInARow)
            {
                AppendEscape(harmless, rune.Value);
            }
            else if (ascii && !rune.IsAscii)
            {
                AppendAscii(harmless, rune);
            }
            else
            {
                _ = harmless.Append(text.AsSpan(i, taken));
            }

            i += taken;
        }

        return harmless.ToString();
    }

    /// <summary>Columns that a text takes on a terminal; the text must be harmless.</summary>
    internal static int WidthOf(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            width += rune.IsAscii ? 1 : Math.Max(UnicodeCalculator.GetWidth(rune), 0);
        }

        return width;
    }

    private static bool IsPlain(string text) => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;

    private static bool IsHarmful(UnicodeCategory category) => category
        is UnicodeCategory.Control
        or UnicodeCategory.Format // Bidirectional controls, zero-width characters, tags.
        or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned;

    // The few characters beyond ASCII that the tool's own texts use have words of their own.
    private static void AppendAscii(StringBuilder harmless, Rune rune)
    {
        string? word = rune.Value switch
        {
            '…' => "...",
            '×' => "x",
            'µ' => "u",
            '·' => "*",
            '─' => "-",
            '–' or '—' => "-",
            '≤' => "<=",
            '≥' => ">=",
            '\u00a0' => " ",
            _ => null,
        };
        if (word is not null)
        {
            _ = harmless.Append(word);
        }
        else
        {
            AppendEscape(harmless, rune.Value);
        }
    }

    private static void AppendEscape(StringBuilder harmless, int value) => _ = value switch
    {
        '\n' => harmless.Append("\\n"),
        '\r' => harmless.Append("\\r"),
        '\t' => harmless.Append("\\t"),
        < 0x80 => harmless.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}"),
        >= HostText.BrokenByteBase + 0x80 and <= HostText.BrokenByteBase + 0xff =>
            harmless.Append(CultureInfo.InvariantCulture, $"\\x{value - HostText.BrokenByteBase:x2}"),
        <= 0xffff => harmless.Append(CultureInfo.InvariantCulture, $"\\u{value:x4}"),
        _ => harmless.Append(CultureInfo.InvariantCulture, $"\\U{value:x8}"),
    };
}
