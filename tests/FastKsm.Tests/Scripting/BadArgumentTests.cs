using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using FastKsm.Scripting;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Scripting;

/// <summary>
/// Every operation in every form (<c>language/every-operation.ksm</c>) with arguments missing, wrong, overlong, left over and
/// out of range: one error, at its place, that says what is expected. A script is read to its end before anything of it is
/// performed, so nothing is half done.
/// </summary>
public sealed partial class BadArgumentTests
{
    private const string NoWord = "%";
    private const string LongNumber = "99999999999999999999";
    private const ulong MaxPage = ScriptLimits.MaxPages - 1;

    private static readonly string s_longName = new('a', Name.MaxLength + 1);

    // Words that each operation needs, itself included.
    private static readonly Dictionary<string, int> s_leastWords = new (int Words, string Operations)[]
    {
        (1, "machine scan batch"),
        (2, "ksm spawn exec exit idle run advance advisor-cpu swapoff offline online expect expect-events print"),
        (3, "fork thread cpu unmap remap lock unlock sync read unpin prctl migrate pageout reclaim limit swapon expect-same-frame "
            + "expect-other-frame expect-zero-frame expect-flushes expect-error"),
        (4, "map protect advise brk userfault write poke populate pin force-write direct-io expect-bytes expect-pinned "
            + "remember-frame expect-mapcount expect-page expect-vma"),
        (5, "fill"),
    }.SelectMany(row => row.Operations.Split(' ').Select(operation => (operation, row.Words)))
        .ToDictionary(StringComparer.Ordinal);

    private static readonly string[] s_lines = [.. ScriptFiles.TextOf("language/every-operation.ksm").Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')];

    public static TheoryData<string> Lines => [.. s_lines];

    [Fact]
    public void LeastWords_OfEveryOperation_AreKnown() =>
        Assert.Equal(OperationSyntax.Keywords.Order(StringComparer.Ordinal), s_leastWords.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Lines))]
    public void Read_ArgumentsMissing_IsAnErrorBehindTheLastWord(string line)
    {
        string[] words = line.Split(' ');
        for (int count = 1; count < s_leastWords[words[0]]; count++)
        {
            string shortened = string.Join(' ', words[..count]);
            ScriptException error = Refused(shortened, shortened.Length + 1, shortened.Length + 1);

            Assert.StartsWith("the line ends where ", error.Detail, StringComparison.Ordinal);
        }

        Exception? enough = Record.Exception(() => ScriptFiles.Parse(string.Join(' ', words[..s_leastWords[words[0]]])));
        Assert.True(enough is null or ScriptException, $"{enough}");
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Read_AnyWordWrong_IsAnErrorAtThatWord(string line)
    {
        foreach (Match word in Word().Matches(line))
        {
            ScriptException error = Refused(Replace(line, word, NoWord), word.Index + 1, word.Index + 1);

            Assert.Contains(NoWord, error.Detail, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Read_AWordTooMany_IsAnErrorAtThatWord(string line) =>
        Refused($"{line} {NoWord}", line.Length + 2, line.Length + 2);

    [Theory]
    [MemberData(nameof(Lines))]
    public void Read_AnyNameOverlong_IsAnErrorInThatWord(string line)
    {
        foreach (Match name in Identifier().Matches(line).Where(name => !IsTextOfAKnob(line, name)))
        {
            int word = line.LastIndexOf(' ', name.Index) + 2;
            Refused(Replace(line, name, s_longName), word, name.Index + Name.MaxLength + 1);
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Read_AnyNumberOverlong_IsAnErrorInThatWordWithTheRange(string line)
    {
        foreach (Match number in Number().Matches(line).Where(number => !IsTextOfAKnob(line, number)))
        {
            int word = line.LastIndexOf(' ', number.Index) + 2;
            ScriptException error = Refused(Replace(line, number, LongNumber), word, number.Index + 1);

            Assert.Matches(" from -?[0-9]+s? to [0-9]+|at most [0-9]+ digits", error.Detail);
        }
    }

    /// <summary>An operation with a hole, the smallest and the largest number that fit, what stands before the range.</summary>
    public static TheoryData<string, BigInteger, BigInteger> Ranges
    {
        get
        {
            TheoryData<string, BigInteger, BigInteger> rows = [];
            foreach ((string form, BigInteger least, BigInteger most) in new (string, BigInteger, BigInteger)[]
            {
                ("machine frames=#", 1, long.MaxValue), ("machine cpus=#", 1, int.MaxValue), ("machine nodes=#", 1, int.MaxValue),
                ("machine page_size=#", 1, int.MaxValue), ("machine max_map_count=#", 1, int.MaxValue),
                ("machine zero_page_colours=#", 1, int.MaxValue), ("spawn A cpu=#", 0, ScriptLimits.MaxUnit),
                ("thread A #", 0, ScriptLimits.MaxUnit), ("cpu A #", 0, ScriptLimits.MaxUnit), ("idle #", 0, ScriptLimits.MaxUnit), ("map A heap #", 1, ScriptLimits.MaxPages),
                ("map A heap 1 at=#", 0, ulong.MaxValue), ("map A heap 1 at=text[#]", 0, MaxPage),
                ("map A heap 1 node=#", 0, ScriptLimits.MaxUnit), ("unmap A heap[#]", 0, MaxPage), ("unmap A heap[3..#]", 3, MaxPage),
                ("unmap A heap[3..4:#]", 1, ScriptLimits.MaxPages), ("remap A heap #", 1, ScriptLimits.MaxPages),
                ("remap A heap to=#", 0, ulong.MaxValue), ("brk A heap #", 0, ScriptLimits.MaxPages), ("fill A heap same #", 0, ulong.MaxValue),
                ("fill A heap unique #", 0, ulong.MaxValue), ("write A heap[0] #", 0, ulong.MaxValue), ("write A heap[#] 1", 0, MaxPage),
                ("poke A heap[0]+# 1", 0, ScriptLimits.MaxOffset), ("poke A heap[0]+0 #", 0, byte.MaxValue),
                ("poke A heap[0]+0 1 2 #", 0, byte.MaxValue), ("force-write A heap[0] #", 0, ulong.MaxValue),
                ("direct-io A heap read #", 0, ulong.MaxValue), ("prctl A set #", 0, ulong.MaxValue),
                ("prctl A get 0 0 0 #", 0, ulong.MaxValue), ("run #", 0, 2), ("scan #", 1, ScriptLimits.MaxScans),
                ("batch #", 1, ScriptLimits.MaxScans), ("migrate A heap node=#", 0, ScriptLimits.MaxUnit),
                ("reclaim web #", 1, ScriptLimits.MaxPages), ("limit web #", 0, ScriptLimits.MaxPages),
                ("limit web none swap=#", 0, ScriptLimits.MaxPages), ("swapon s #", 1, ScriptLimits.MaxPages),
                ("swapon s 8 priority=#", short.MinValue, short.MaxValue), ("swapon s 8 bad=#", 0, MaxPage),
                ("swapon s 8 bad=1,2..#", 2, MaxPage), ("swapon s 8 last_page=#", 0, uint.MaxValue),
                ("swapon s 8 version=#", 0, int.MaxValue), ("offline node=#", 0, ScriptLimits.MaxUnit),
                ("online node=#", 0, ScriptLimits.MaxUnit), ("expect pages_shared=#", long.MinValue, long.MaxValue),
                ("expect A.map_count>=#", long.MinValue, long.MaxValue), ("expect-bytes A heap #", 0, ulong.MaxValue),
                ("expect-bytes A heap[0]+0 #", 0, byte.MaxValue), ("expect-pinned A heap[0] #", 0, ulong.MaxValue),
                ("remember-frame x A heap[#]", 0, MaxPage), ("expect-same-frame A heap[#] @x", 0, MaxPage),
                ("expect-mapcount A heap #", 0, int.MaxValue),
                ("expect-flushes A r(#)", 0, 1L << 36), ("expect-flushes A #*F", 1, 1_000_000),
                ("expect-events ksm_exit(mm=#)", long.MinValue, long.MaxValue), ("expect-error EINVAL scan #", 1, ScriptLimits.MaxScans),
            })
            {
                rows.Add(form, least, most);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Read_NumberBesideItsRange_IsAnErrorAtTheNumberWithTheRange(string form, BigInteger least, BigInteger most)
    {
        int column = form.IndexOf('#', StringComparison.Ordinal) + 1;
        foreach (BigInteger good in new[] { least, most })
        {
            Assert.Single(ScriptFiles.Parse(Filled(form, good)).Operations);
        }

        foreach (BigInteger bad in new[] { least - 1, most + 1 })
        {
            // A minus belongs to a number only where numbers may be negative.
            bool isNumber = bad >= 0 || least < 0;
            ScriptException error = Refused(Filled(form, bad), isNumber ? column : form.LastIndexOf(' ', column - 1) + 2, column);

            Assert.True(
                !isNumber || error.Detail.Contains($" from {least} to {most} but read '{bad}'", StringComparison.Ordinal), error.Detail);
        }
    }

    [Theory]
    [InlineData("advance 0s", "advance 8760h", "advance 8761h")]
    [InlineData("advance 0ns", "advance 31536000000000000ns", "advance 31536000000000001ns")]
    [InlineData("advisor-cpu 0.000000001s", "advisor-cpu 525600m", "advisor-cpu 525600.1m")]
    public void Read_DurationBeyondAYear_IsAnErrorWithTheRange(string least, string most, string beyond)
    {
        Assert.Equal(2, ScriptFiles.Parse(least + "\n" + most).Operations.Count);

        int column = beyond.IndexOf(' ', StringComparison.Ordinal) + 2;
        ScriptException error = Refused(beyond, column, column);
        Assert.Matches("from 0s to 8760h|from 0 to 31536000000000000", error.Detail);
    }

    [Fact]
    public void Read_WhatIsExactlyAsLongAsAllowed_IsFine()
    {
        string name = new('a', Name.MaxLength);
        string line = $"spawn {name}";
        string padded = line.PadRight(ScriptLimits.MaxLineBytes) + "# and a comment of any length" + new string('!', ScriptLimits.MaxLineBytes);
        byte[] full = new byte[ScriptLimits.MaxScriptBytes];
        full.AsSpan().Fill((byte)'\n');
        Encoding.ASCII.GetBytes(line).CopyTo(full, 0);

        Assert.Single(ScriptFiles.Parse(padded).Operations);
        Assert.Single(ScriptReader.Read("test.ksm", full).Operations);
        Assert.Equal(
            ScriptLimits.MaxOperations,
            ScriptFiles.Parse(string.Concat(Enumerable.Repeat("scan\n", ScriptLimits.MaxOperations))).Operations.Count);
    }

    [Fact]
    public void Read_OneByteMoreThanAllowed_IsAnErrorWithTheLimit()
    {
        Refused("spawn A".PadRight(ScriptLimits.MaxLineBytes + 1), ScriptLimits.MaxLineBytes + 1, ScriptLimits.MaxLineBytes + 1);

        ScriptException error = Assert.Throws<ScriptException>(
            () => ScriptReader.Read("test.ksm", new byte[ScriptLimits.MaxScriptBytes + 1]));
        Assert.Contains($"at most {ScriptLimits.MaxScriptBytes} bytes", error.Detail, StringComparison.Ordinal);
    }

    // The one error of a script with one bad line, between two columns of that line.
    private static ScriptException Refused(string line, int firstColumn, int lastColumn)
    {
        ScriptException error = Assert.Throws<ScriptException>(() => ScriptFiles.Parse("# a comment\n" + line + "\nno operation at all"));

        Assert.Equal((ScriptOutcome.BadScript, 2), (error.Outcome, error.Position.Line));
        Assert.InRange(error.Position.Column, firstColumn, lastColumn);
        Assert.StartsWith($"test.ksm:2:{error.Position.Column}: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(error.Message.Length, 20, 600);
        return error;
    }

    // Behind the equals sign of a knob any text is passed on: the file decides.
    private static bool IsTextOfAKnob(string line, Match part) => line.Contains("ksm ", StringComparison.Ordinal)
        && line.LastIndexOf('=', part.Index) > line.LastIndexOf(' ', part.Index);

    private static string Filled(string form, BigInteger number) =>
        form.Replace("#", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static string Replace(string line, Match part, string with) =>
        line[..part.Index] + with + line[(part.Index + part.Length)..];

    [GeneratedRegex("[^ ]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();

    [GeneratedRegex("(?<![A-Za-z0-9_-])[A-Za-z_][A-Za-z0-9_-]*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Identifier();

    [GeneratedRegex("(?<![A-Za-z0-9_]|[A-Za-z0-9_]-)[0-9]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number();
}
