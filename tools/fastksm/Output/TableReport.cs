using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using Spectre.Console;

namespace FastKsm.Cli.Output;

/// <summary>The result for people: what is saved, by whom, where, at what price, and how to get it.</summary>
internal static class TableReport
{
    /// <summary>Writes the result to standard output.</summary>
    /// <param name="result">What to show.</param>
    /// <param name="price">What scanning would cost.</param>
    /// <param name="showVmas">Whether every VMA is listed.</param>
    /// <param name="top">Rows of each table at most.</param>
    internal static void Write(EvaluationResult result, ScanPrice price, bool showVmas, int top)
    {
        IAnsiConsole console = ReportConsole.Create();
        WriteSummary(console, result);
        WriteProcesses(console, result, top);
        if (showVmas)
        {
            WriteVmas(console, result, top);
        }

        WriteMarking(console, result, top);
        foreach (string note in ForecastNotes.Settling(result, price).Concat(ForecastNotes.Premises(result)))
        {
            console.MarkupLineInterpolated($"{note}");
        }

        SettingsReport.Write(console, result, price);
        WriteCaveats(console, result);
    }

    /// <summary>A table in the house's form: no box, headings underlined, figures to the right.</summary>
    internal static Table CreateTable(params (string Heading, bool IsFigure)[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach ((string heading, bool isFigure) in columns)
        {
            TableColumn column = new TableColumn(Markup.Escape(heading)).NoWrap();
            _ = table.AddColumn(isFigure ? column.RightAligned() : column);
        }

        return table;
    }

    private static void WriteSummary(IAnsiConsole console, EvaluationResult result)
    {
        MergeForecast total = result.Total;
        long size = result.PageSize;
        double bytes = result.Pages * (double)size;
        double saved = total.MemorySaved(size);
        string processes = Plural(result.Count(ReadStatus.Read), "process", "processes");
        string records = Wording.Bytes(total.RmapItems * (double)MergeForecast.RmapItemBytes);
        if (saved > 0)
        {
            console.MarkupLineInterpolated(
                $"[bold]{Wording.Bytes(saved)}[/] of {Wording.Bytes(bytes)} would be saved in {processes} ({Percent(saved, bytes)}), after {records} for ksmd's records.");
        }
        else
        {
            console.MarkupLineInterpolated(
                $"[bold]Nothing[/] would be saved in {processes} ({Wording.Bytes(bytes)} read): ksmd's records take {records}, {Wording.Bytes(-saved)} more than merging gives back.");
        }

        string scope = result.Options.OnlyMarked ? ", only VMAs that are marked today" : string.Empty;
        double seconds = Math.Max(result.Elapsed.TotalSeconds, 1e-6);
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Linux {result.Host.KernelRelease}, max_page_sharing={result.Options.MaxPageSharing}, "
            + $"use_zero_pages={(result.Options.UseZeroPages ? 1 : 0)}{(result.Options.MergeAcrossNodes ? string.Empty : ", merge_across_nodes=0")}{scope}; "
            + $"took {Wording.Seconds(seconds)}."));
        console.WriteLine();

        Table table = CreateTable(("ksmd would settle at", false), ("", true), (" ", false));
        AddCounter(table, "pages_shared", total.PagesShared, "KSM pages in use");
        AddCounter(table, "pages_sharing", total.PagesSharing, "further addresses on them");
        AddCounter(table, "pages_unshared", total.PagesUnshared, "unique, looked up again in every scan");
        AddCounter(table, "pages_volatile", total.PagesVolatile, "shared by fork and by nothing else, or changing");
        AddCounter(table, "ksm_zero_pages", total.KsmZeroPages, "replaced by the zero frame");
        AddCounter(table, "stable_node_chains", total.StableNodeChains, "contents with more than max_page_sharing addresses");
        AddCounter(table, "stable_node_dups", total.StableNodeDups, "KSM pages of those");
        AddCounter(table, "rmap_items", total.RmapItems, $"records of {MergeForecast.RmapItemBytes} bytes");
        _ = table.AddRow("general_profit", Wording.Bytes(total.GeneralProfit(size)), "[dim]as Linux counts it: pages that fork shares already count as saved[/]");
        if (total.DroppedBySplit > 0)
        {
            AddCounter(table, "(huge pages)", total.DroppedBySplit, "zero pages that go when huge pages are split; no counter shows them");
        }

        console.Write(table);
    }

    private static void AddCounter(Table table, string name, long value, string meaning) =>
        _ = table.AddRow(name, Wording.Count(value), $"[dim]{Markup.Escape(meaning)}[/]");

    private static void WriteProcesses(IAnsiConsole console, EvaluationResult result, int top)
    {
        List<ProcessForecast> read = [.. result.Processes.Where(process => process.Process.Status == ReadStatus.Read)];
        Table table = CreateTable(
            ("pid", true), ("process", false), ("pages", true), ("zero", true), ("merging", true), ("dup inside", true),
            ("dup with others", true), ("ksm_process_profit", true));
        foreach (ProcessForecast process in read.Take(top))
        {
            PageCounts counts = process.Counts;
            _ = table.AddRow(
                process.Process.Pid.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(process.Process.Stat.Name),
                Wording.Count(counts.Pages),
                Wording.Count(counts.ZeroContent),
                Wording.Count(counts.Merging),
                Wording.Count(counts.DuplicatesInside),
                Wording.Count(counts.DuplicatesWithOthers),
                Wording.Bytes(process.ProcessProfit(result.PageSize)));
        }

        console.Write(table);
        WriteRest(console, read.Count - top, "processes");
        foreach (IGrouping<ReadStatus, ProcessForecast> others in result.Processes
            .Where(process => process.Process.Status is not ReadStatus.Read)
            .GroupBy(process => process.Process.Status))
        {
            string pids = others.Key == ReadStatus.KernelThread
                ? string.Empty
                : $" ({string.Join(", ", others.Take(8).Select(process => string.Create(CultureInfo.InvariantCulture, $"{process.Process.Pid} {process.Process.Stat.Name}")))}{(others.Count() > 8 ? ", …" : string.Empty)})";
            console.MarkupLineInterpolated($"Not counted: {others.Count()} {Wording.Of(others.Key)}{pids}.");
        }
    }

    private static void WriteVmas(IAnsiConsole console, EvaluationResult result, int top)
    {
        var vmas = result.Processes
            .SelectMany(process => process.Vmas.Select(vma => (process.Process.Pid, Forecast: vma)))
            .OrderByDescending(vma => vma.Forecast.Counts.Profit(result.PageSize))
            .ThenByDescending(vma => vma.Forecast.Vma.Length)
            .ToList();
        Table table = CreateTable(
            ("pid", true), ("VMA", false), ("size", true), ("pages", true), ("zero", true), ("dup inside", true),
            ("dup with others", true), ("profit", true), ("eligible", false), ("name", false));
        foreach ((int pid, VmaForecast vma) in vmas.Take(top))
        {
            _ = table.AddRow(
                pid.ToString(CultureInfo.InvariantCulture),
                $"{vma.Vma.Start:x}-{vma.Vma.End:x}",
                Wording.Bytes(vma.Vma.Length),
                Wording.Count(vma.Counts.Pages),
                Wording.Count(vma.Counts.ZeroContent),
                Wording.Count(vma.Counts.DuplicatesInside),
                Wording.Count(vma.Counts.DuplicatesWithOthers),
                Wording.Bytes(vma.Counts.Profit(result.PageSize)),
                Wording.Of(vma.Eligibility),
                Markup.Escape(Wording.Tail(vma.Vma.Name)));
        }

        console.Write(table);
        WriteRest(console, vmas.Count - top, "VMAs");
    }

    private static void WriteMarking(IAnsiConsole console, EvaluationResult result, int top)
    {
        var ranges = result.Processes
            .SelectMany(process => process.Vmas.Where(vma => vma.IsWorthMarking).Select(vma => (process.Process, Forecast: vma)))
            .OrderByDescending(range => range.Forecast.Counts.Profit(result.PageSize))
            .ToList();
        if (ranges.Count == 0)
        {
            console.MarkupLine("No VMA is worth marking: merging would cost more than it gives.");
            return;
        }

        console.MarkupLineInterpolated(
            $"Marking only the {Plural(ranges.Count, "VMA", "VMAs")} worth it would save {Wording.Bytes(result.Marking.MemorySaved(result.PageSize))}:");
        Table table = CreateTable(("pid", true), ("madvise(start, length, MADV_MERGEABLE)", false), ("profit", true), ("name", false));
        foreach ((LiveProcess process, VmaForecast range) in ranges.Take(top))
        {
            _ = table.AddRow(
                process.Pid.ToString(CultureInfo.InvariantCulture),
                $"0x{range.Vma.Start:x}, 0x{range.Vma.Length:x}",
                Wording.Bytes(range.Counts.Profit(result.PageSize)),
                Markup.Escape(range.Vma.Name.Length > 0 ? Wording.Tail(range.Vma.Name) : "anonymous"));
        }

        console.Write(table);
        WriteRest(console, ranges.Count - top, "VMAs worth marking");
    }

    private static void WriteCaveats(IAnsiConsole console, EvaluationResult result)
    {
        if (!result.FramesAreKnown)
        {
            console.MarkupLine(
                "[yellow]Frame numbers are shown to root only: equal pages at the same address of several processes, each mapped more "
                + "than once, were taken as shared by fork. Where they are not, more is saved than shown.[/]");
        }

        if (result.PagesLeft > 0)
        {
            console.MarkupLineInterpolated($"{Wording.Count(result.PagesLeft)} pages went before they were read and are not counted.");
        }

        if (!result.Host.IsPresent)
        {
            console.MarkupLine("This kernel has no KSM; the forecast is for one that has (CONFIG_KSM).");
        }
    }

    private static void WriteRest(IAnsiConsole console, int hidden, string what)
    {
        if (hidden > 0)
        {
            console.MarkupLineInterpolated($"[dim]… and {Wording.Count(hidden)} more {what} (--top 0 shows all).[/]");
        }
    }

    private static string Plural(int count, string one, string many) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many)}");

    private static string Percent(double part, double whole) => whole <= 0 ? "0 %" : Wording.Percent(part / whole);
}
