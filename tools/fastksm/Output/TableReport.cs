using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>The result for people: what to do, what is saved, by whom, where, at what price.</summary>
/// <remarks>Sentences are notes (<see cref="EvaluationNotes"/>); what is a table is fitted by <see cref="ReportWriter"/>.</remarks>
internal sealed class TableReport
{
    private readonly ReportWriter _writer;
    private readonly EvaluationResult _result;
    private readonly ReportView _view;

    private TableReport(ReportWriter writer, EvaluationResult result, ReportView view)
    {
        _writer = writer;
        _result = result;
        _view = view;
    }

    /// <summary>Writes the result.</summary>
    /// <param name="writer">Receives it.</param>
    /// <param name="result">What to show.</param>
    /// <param name="price">What scanning would cost.</param>
    /// <param name="host">What KSM does on the host today; null where there is none.</param>
    /// <param name="view">How much of it.</param>
    internal static void Write(ReportWriter writer, EvaluationResult result, ScanPrice price, HostKsmCounters? host, ReportView view)
    {
        TableReport report = new(writer, result, view);
        Verdict verdict = Verdict.Of(result, host);
        ReportNote[] notes = [.. EvaluationNotes.Of(result, price, verdict, view.ShowVmas)];
        report.WriteVerdict(verdict, price, host);
        report.WriteNotes(notes, NotePriority.Warning, TextStyle.Warning);
        writer.Blank();
        if (view.By is { } kind)
        {
            report.WriteRest(OwnersReport.Write(writer, result, kind, view), "owners");
            OwnersReport.WriteSentences(writer, result, kind);
        }

        report.WriteProcesses();
        report.WriteCounters();
        ObstaclesReport.Write(writer, result);
        CompressionReport.Write(writer, result, price);
        if (result.Template is { } comparison)
        {
            report.WriteRest(TemplateReport.Write(writer, result, comparison, view.Top), "processes");
        }

        if (view.ShowVmas)
        {
            report.WriteVmas();
            report.WriteMarking();
        }

        report.WriteNotes(notes, NotePriority.Fact, TextStyle.Plain);
        SettingsReport.Write(writer, result, price);
        report.WriteNotes(notes, NotePriority.Hint, TextStyle.Faint);
    }

    private void WriteVerdict(Verdict verdict, ScanPrice price, HostKsmCounters? host)
    {
        _writer.Sentence($" {VerdictWording.Reason(verdict, _result, host)}", lead: VerdictWording.Lead(verdict), hang: 2);
        if (VerdictWording.Price(_result, price) is { Length: > 0 } cost)
        {
            _writer.Sentence($"Price: {cost}", hang: 2);
        }

        (string command, string text) = VerdictWording.Next(verdict, _view.Selection, price.Target is not null);
        if (command.Length > 0)
        {
            _writer.Sentence($"Next, {text}:", hang: 2);
            _writer.Line($"    {command}");
        }
        else
        {
            _writer.Sentence($"Next: {text}", hang: 2);
        }

        string scope = _result.Options.OnlyMarked ? ", only VMAs that are marked today" : string.Empty;
        double seconds = Math.Max(_result.Elapsed.TotalSeconds, 1e-6);
        _writer.Sentence(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Linux {_result.Host.KernelRelease}, max_page_sharing={_result.Options.MaxPageSharing}, "
                + $"use_zero_pages={(_result.Options.UseZeroPages ? 1 : 0)}{(_result.Options.MergeAcrossNodes ? string.Empty : ", merge_across_nodes=0")}{scope}; took {Wording.Seconds(seconds)}."),
            TextStyle.Faint,
            hang: 2);
    }

    private void WriteNotes(IEnumerable<ReportNote> notes, NotePriority priority, TextStyle style)
    {
        foreach (ReportNote note in notes)
        {
            if (note.Priority == priority)
            {
                _writer.Sentence(note.Text, style, hang: 2);
            }
        }
    }

    private void WriteCounters()
    {
        TextTable table = new(TextColumn.Label("ksmd would settle at"), TextColumn.Figure(string.Empty), TextColumn.Remark());
        foreach ((string name, string figure, string remark) in CounterRows.Of(_result))
        {
            table.Add(name, figure, remark);
        }

        _writer.Table(table);
    }

    private void WriteProcesses()
    {
        List<ProcessForecast> read = [.. _result.Processes.Where(process => process.Process.Status == ReadStatus.Read)];
        TextTable table = new(
            TextColumn.Figure("pid"), TextColumn.Label("process"), TextColumn.Figure("pages", 1), TextColumn.Figure("zero", 3),
            TextColumn.Figure("merging", 1), TextColumn.Figure("dup inside", 2), TextColumn.Figure("dup with others", 2),
            TextColumn.Figure("ksm_process_profit"));
        foreach (ProcessForecast process in read.Take(_view.Top))
        {
            PageCounts counts = process.Counts;
            table.Add(
                process.Process.Pid.ToString(CultureInfo.InvariantCulture),
                Wording.Title(process.Process.Stat.Name, process.Process.CommandLine),
                Wording.Count(counts.Pages),
                Wording.Count(counts.ZeroContent),
                Wording.Count(counts.Merging),
                Wording.Count(counts.DuplicatesInside),
                Wording.Count(counts.DuplicatesWithOthers),
                Wording.Bytes(process.ProcessProfit(_result.PageSize)));
        }

        _writer.Table(table);
        WriteRest(read.Count - _view.Top, "processes");
    }

    private void WriteVmas()
    {
        var vmas = _result.Processes
            .SelectMany(process => process.Vmas.Select(vma => (process.Process.Pid, Forecast: vma)))
            .OrderByDescending(vma => vma.Forecast.Counts.Profit(_result.PageSize))
            .ThenByDescending(vma => vma.Forecast.Vma.Length)
            .ToList();
        TextTable table = new(
            TextColumn.Figure("pid"), TextColumn.Word("VMA"), TextColumn.Figure("size", 3), TextColumn.Figure("pages", 2),
            TextColumn.Figure("zero", 4), TextColumn.Figure("dup inside", 4), TextColumn.Figure("dup with others", 4),
            TextColumn.Figure("profit", 1), TextColumn.Word("eligibility", 1), TextColumn.Path("name"));
        foreach ((int pid, VmaForecast vma) in vmas.Take(_view.Top))
        {
            table.Add(
                pid.ToString(CultureInfo.InvariantCulture),
                $"{vma.Vma.Start:x}-{vma.Vma.End:x}",
                Wording.Bytes(vma.Vma.Length),
                Wording.Count(vma.Counts.Pages),
                Wording.Count(vma.Counts.ZeroContent),
                Wording.Count(vma.Counts.DuplicatesInside),
                Wording.Count(vma.Counts.DuplicatesWithOthers),
                Wording.Bytes(vma.Counts.Profit(_result.PageSize)),
                Wording.Of(vma.Eligibility),
                Wording.Tail(vma.Vma.Name));
        }

        _writer.Table(table);
        WriteRest(vmas.Count - _view.Top, "VMAs");
    }

    private void WriteMarking()
    {
        var ranges = _result.Processes
            .SelectMany(process => process.Vmas.Where(vma => vma.IsWorthMarking).Select(vma => (process.Process, Forecast: vma)))
            .OrderByDescending(range => range.Forecast.Counts.Profit(_result.PageSize))
            .ToList();
        if (ranges.Count == 0)
        {
            return;
        }

        TextTable table = new(
            TextColumn.Figure("pid"), TextColumn.Word("madvise (start, length, MADV_MERGEABLE)"), TextColumn.Figure("profit"), TextColumn.Path("name"));
        foreach ((LiveProcess process, VmaForecast range) in ranges.Take(_view.Top))
        {
            table.Add(
                process.Pid.ToString(CultureInfo.InvariantCulture),
                $"0x{range.Vma.Start:x}, 0x{range.Vma.Length:x}",
                Wording.Bytes(range.Counts.Profit(_result.PageSize)),
                range.Vma.Name.Length > 0 ? Wording.Tail(range.Vma.Name) : "anonymous");
        }

        _writer.Table(table);
        WriteRest(ranges.Count - _view.Top, "VMAs worth marking");
    }

    private void WriteRest(int hidden, string what)
    {
        if (hidden > 0)
        {
            _writer.Sentence($"… and {Wording.Count(hidden)} more {what} (--top 0 shows all).", TextStyle.Faint, indent: 2);
            _writer.Blank();
        }
    }
}
