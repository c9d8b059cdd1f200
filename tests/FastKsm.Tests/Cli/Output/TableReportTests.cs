using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;
using FastKsm.Cli.Output.Text;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

/// <summary>The report at every width: no figure is dropped or broken, and no name does harm.</summary>
public sealed class TableReportTests
{
    private static readonly string[] s_harmfulNames =
    [
        "\u001b[2J\u001b[31mEVIL", "two\nlines", "\u202e\u2066reversed", HostText.Decode([0xff, 0xfe, (byte)'x']), "\u0007bell\u009b7m",
        "zero\u200bwidth", "zombie\u001b]0;title\u0007",
    ];

    private static readonly string[] s_names =
        ["redis-server *:6380", "python3 -m gunicorn --workers 12 --bind 127.0.0.1:8000 shop.wsgi:application", "中文数据库服务器进程", "x", "zombie"];

    public static TheoryData<int> Widths => [.. Enumerable.Range(60, 61)];

    [Theory]
    [MemberData(nameof(Widths))]
    public void Write_AnyWidth_ShowsEveryFigureWhole(int width)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            EvaluationResult result = EvaluationResults.Random((width * 100) + seed, s_names);

            string text = Report(result, new TerminalTraits(width, IsRewritable: true, UsesStyles: false, IsAscii: false));

            Assert.All(FiguresOf(result), figure => Assert.True(
                Regex.IsMatch(text, $@"(?<![\d.,-]){Regex.Escape(figure)}(?!\d|[.,]\d)", RegexOptions.None, TimeSpan.FromSeconds(1)),
                $"{figure} is missing at width {width}, seed {seed}:\n{text}"));
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Write_AnyWidth_StaysWithinItAndLeavesNoBlanksAtTheEnd(int width)
    {
        EvaluationResult result = EvaluationResults.Random(width, s_names);

        string text = Report(result, new TerminalTraits(width, IsRewritable: true, UsesStyles: false, IsAscii: false));

        foreach (string line in text.Split('\n'))
        {
            Assert.Equal(line.TrimEnd(), line);
            if (!line.StartsWith("    ", StringComparison.Ordinal) || !line.Contains("fastksm", StringComparison.Ordinal))
            {
                Assert.True(HarmlessText.WidthOf(line) <= width, $"wider than {width}: {line}");
            }
        }
    }

    [Fact]
    public void Write_HarmfulNames_AreShownAsEscapes()
    {
        EvaluationResult result = EvaluationResults.Random(1, s_harmfulNames);

        foreach (TerminalTraits traits in (TerminalTraits[])[TerminalTraits.Plain, new(60, true, false, false), new(80, true, false, true)])
        {
            string text = Report(result, traits);

            Assert.All(text, letter => Assert.False(
                letter != '\n' && CharUnicodeInfo.GetUnicodeCategory(letter) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate));
        }

        string plain = Report(result, TerminalTraits.Plain);
        Assert.Contains("\\x1b[2J\\x1b[31mEVIL", plain, StringComparison.Ordinal);
        Assert.Contains("two\\nlines", plain, StringComparison.Ordinal);
        Assert.Contains("\\xff\\xfex", plain, StringComparison.Ordinal);
        Assert.Matches(@"Not counted: 1 zombie \(\d+ zombie\\x1b\]0;title\\x07\)", plain);
    }

    [Fact]
    public void Write_AsciiTerminal_HasNothingElse() =>
        Assert.All(
            Report(EvaluationResults.Random(2, s_names), new TerminalTraits(100, IsRewritable: true, UsesStyles: true, IsAscii: true)),
            letter => Assert.True(letter is '\n' or '\u001b' or >= ' ' and <= '~'));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_Styles_AreThereOnlyWhereWanted(bool wanted) => Assert.Equal(
        wanted,
        Report(EvaluationResults.Random(3, s_names), new TerminalTraits(100, IsRewritable: true, wanted, IsAscii: false))
            .Contains('\u001b', StringComparison.Ordinal));

    [Fact]
    public void Write_ATable_LosesExplanationsBeforeItMovesFigures()
    {
        string wide = Table(120);
        string narrow = Table(48);
        string narrowest = Table(30);

        Assert.Contains("what it means to the reader", wide, StringComparison.Ordinal);
        Assert.DoesNotContain("what it", narrow, StringComparison.Ordinal);
        Assert.DoesNotContain("important 7,777,777", narrow, StringComparison.Ordinal);
        Assert.Contains("less important 7,777,777", narrowest, StringComparison.Ordinal);
        Assert.Contains("1,234,567", narrowest, StringComparison.Ordinal);
    }

    private static string Table(int width)
    {
        using StringWriter output = new() { NewLine = "\n" };
        TextTable table = new(
            TextColumn.Label("name"), TextColumn.Figure("important"), TextColumn.Figure("less important", 1), TextColumn.Remark());
        table.Add("a name of some length", "1,234,567", "7,777,777", "what it means to the reader");
        new ReportWriter(output, new TerminalTraits(width, true, false, false)).Table(table);
        return output.ToString();
    }

    private static string Report(EvaluationResult result, TerminalTraits traits)
    {
        using StringWriter output = new() { NewLine = "\n" };
        ScanPrice price = EvaluationResults.PriceOf(result);
        TableReport.Write(new ReportWriter(output, traits), result, price, host: null, new ReportView(ShowVmas: true, Top: int.MaxValue, "--all"));
        return output.ToString();
    }

    private static IEnumerable<string> FiguresOf(EvaluationResult result)
    {
        MergeForecast total = result.Total;
        foreach (long counter in (long[])
            [
                total.PagesShared, total.PagesSharing, total.PagesUnshared, total.PagesVolatile, total.KsmZeroPages, total.StableNodeChains,
                total.StableNodeDups, total.RmapItems, total.DroppedBySplit,
            ])
        {
            yield return Wording.Count(counter);
        }

        yield return Wording.Bytes(total.GeneralProfit(result.PageSize));
        yield return Wording.Bytes(total.MemorySaved(result.PageSize));
        yield return Wording.Bytes(result.Marking.MemorySaved(result.PageSize));
        foreach (ProcessForecast process in result.Processes)
        {
            yield return process.Process.Pid.ToString(CultureInfo.InvariantCulture);
            yield return process.Process.Status == ReadStatus.Read ? Wording.Count(process.Counts.Merging) : "Not counted";
            foreach (string figure in FiguresOf(process.Process.Status == ReadStatus.Read ? [process.Counts] : []))
            {
                yield return figure;
            }

            foreach (VmaForecast vma in process.Vmas)
            {
                yield return $"{vma.Vma.Start:x}-{vma.Vma.End:x}";
                yield return $"0x{vma.Vma.Start:x}, 0x{vma.Vma.Length:x}";
                foreach (string figure in FiguresOf([vma.Counts]))
                {
                    yield return figure;
                }
            }
        }
    }

    private static IEnumerable<string> FiguresOf(IEnumerable<PageCounts> all)
    {
        foreach (PageCounts counts in all)
        {
            yield return Wording.Count(counts.Pages);
            yield return Wording.Count(counts.ZeroContent);
            yield return Wording.Count(counts.DuplicatesInside);
            yield return Wording.Count(counts.DuplicatesWithOthers);
            yield return Wording.Bytes(counts.ProcessProfit(EvaluationResults.PageSize));
        }
    }
}
