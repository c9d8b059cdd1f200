using System;
using System.Globalization;
using System.Linq;
using System.Text;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output.Text;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

public sealed class HarmlessTextTests
{
    [Theory]
    [InlineData("redis-server *:6380", "redis-server *:6380")]
    [InlineData("\u001b[2J", "\\x1b[2J")]
    [InlineData("two\nlines\r\t", "two\\nlines\\r\\t")]
    [InlineData("\u009b31m", "\\u009b31m")]
    [InlineData("\u007f", "\\x7f")]
    [InlineData("\u202e123", "\\u202e123")]
    [InlineData("\u2067\u200b\ufeff", "\\u2067\\u200b\\ufeff")]
    [InlineData("\u2028", "\\u2028")]
    [InlineData("Ünïcode 中文", "Ünïcode 中文")]
    [InlineData("\U000e0041", "\\U000e0041")]
    [InlineData("e\u0301\u0301\u0301\u0301", "e\u0301\u0301\\u0301\\u0301")]
    [InlineData("\u0301", "\\u0301")]
    public void Of_Text_IsHarmless(string text, string expected) => Assert.Equal(expected, HarmlessText.Of(text));

    [Fact]
    public void Of_HalfACharacter_IsShownAsOne() => Assert.Equal("\\ud800x", HarmlessText.Of("\ud800x"));

    [Theory]
    [InlineData("… and 3 × 2 µs ─", "... and 3 x 2 us -")]
    [InlineData("Ü", "\\u00dc")]
    public void Of_ForAscii_HasWordsForTheToolsOwnSigns(string text, string expected) =>
        Assert.Equal(expected, HarmlessText.Of(text, ascii: true));

    [Fact]
    public void Decode_BrokenBytes_AreShownAsBytes()
    {
        string text = HostText.Decode([(byte)'a', 0xff, 0xc3, 0x28, 0xe2, 0x82]);

        Assert.Equal("a\\xff\\xc3(\\xe2\\x82", HarmlessText.Of(text));
        Assert.NotEqual(HostText.Decode([0xff]), HostText.Decode([0xfe]), StringComparer.Ordinal);
        Assert.Equal("Ü…", HostText.Decode(Encoding.UTF8.GetBytes("Ü…")));
    }

    [Fact]
    public void Of_EveryCodeUnit_LeavesNothingThatControlsATerminal()
    {
        for (int unit = 0; unit <= char.MaxValue; unit++)
        {
            string harmless = HarmlessText.Of($"a{(char)unit}");

            Assert.All(harmless, letter => Assert.False(
                CharUnicodeInfo.GetUnicodeCategory(letter) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                    or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator,
                $"{unit:x4}"));
            Assert.All(HarmlessText.Of($"a{(char)unit}", ascii: true), letter => Assert.InRange(letter, ' ', '~'));
        }
    }

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("中文", 4)]
    [InlineData("e\u0301", 1)]
    public void WidthOf_Text_IsWhatATerminalShows(string text, int width) => Assert.Equal(width, HarmlessText.WidthOf(text));

    [Fact]
    public void Cut_WideCharacters_StaysWithinTheWidth()
    {
        string text = string.Concat(Enumerable.Repeat("中a", 30));

        for (int width = 2; width < 50; width++)
        {
            Assert.InRange(HarmlessText.WidthOf(Wrapping.CutEnd(text, width, "…")), width - 1, width);
            Assert.InRange(HarmlessText.WidthOf(Wrapping.CutStart(text, width, "…")), width - 1, width);
        }
    }
}
