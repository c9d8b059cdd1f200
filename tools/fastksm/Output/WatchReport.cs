using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>One evaluation after the other, each with what changed since the one before.</summary>
/// <remarks>
/// On a terminal that knows escape sequences each round takes the place of the last one; elsewhere each is a block,
/// with an empty line behind it. Thread safety: one thread at a time.
/// </remarks>
internal sealed class WatchReport
{
    private const string Clear = "\u001b[H\u001b[J";

    private readonly TextWriter _output;
    private readonly TerminalTraits _terminal;
    private readonly OwnerKind? _by;
    private readonly int _top;
    private Dictionary<string, Row>? _before;
    private long _savedBefore;

    /// <param name="output">Receives the rounds.</param>
    /// <param name="terminal">What it can show.</param>
    /// <param name="by">By what processes are summed up; null for a row for each.</param>
    /// <param name="top">Rows at most.</param>
    internal WatchReport(TextWriter output, TerminalTraits terminal, OwnerKind? by, int top)
    {
        _output = output;
        _terminal = terminal;
        _by = by;
        _top = top;
    }

    /// <summary>Writes a round.</summary>
    /// <param name="result">What it found.</param>
    /// <param name="host">What KSM does on the host; null where there is none.</param>
    /// <param name="time">When it was.</param>
    internal void Write(EvaluationResult result, HostKsmCounters? host, DateTime time)
    {
        Verdict verdict = Verdict.Of(result, host);
        long saved = verdict.Saved;
        using StringWriter block = new() { NewLine = "\n" };
        ReportWriter writer = new(block, _terminal);
        string change = _before is null ? string.Empty : $" ({Change(saved - _savedBefore)} since)";
        writer.Sentence(
            $" {Wording.Bytes(saved)} of {Wording.Bytes(result.Pages * (double)result.PageSize)} would be saved in "
            + $"{Wording.Plural(result.Count(ReadStatus.Read), "process", "processes")}{change}.",
            lead: $"{time.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {VerdictWording.Lead(verdict)}",
            hang: 2);
        writer.Blank();
        Dictionary<string, Row> rows = RowsOf(result);
        WriteTable(writer, rows);
        _before = rows;
        _savedBefore = saved;

        // At once, so that a reader of the pipe gets whole rounds and a terminal does not flicker.
        _output.Write(_terminal.IsRewritable ? Clear + block : block.ToString());
    }

    /// <summary>Ends in the middle: what follows begins a line of its own.</summary>
    internal void End()
    {
        if (_terminal.IsRewritable)
        {
            _output.WriteLine(); // The terminal shows ^C where the cursor stood.
        }
    }

    private static string Change(long bytes) => bytes == 0 ? "no change" : (bytes > 0 ? "+" : string.Empty) + Wording.Bytes(bytes);

    private void WriteTable(ReportWriter writer, Dictionary<string, Row> rows)
    {
        Dictionary<string, Row> before = _before ?? rows;
        TextTable table = new(
            TextColumn.Label(_by is { } kind ? Wording.KeyOf(kind) : "process"), TextColumn.Figure("read", 1), TextColumn.Figure("merging", 2),
            TextColumn.Figure("profit"), TextColumn.Figure("change"), TextColumn.Remark());
        Row[] shown = [.. rows.Values.OrderByDescending(row => row.Profit).ThenBy(row => row.Name, StringComparer.Ordinal)];
        foreach (Row row in shown.Take(_top))
        {
            bool isNew = !before.TryGetValue(row.Key, out Row old);
            table.Add(
                row.Name,
                Wording.Bytes(row.Read),
                row.Share,
                Wording.Bytes(row.Profit),
                _before is null ? string.Empty : isNew ? "new" : row.Profit == old.Profit ? "=" : Change(row.Profit - old.Profit),
                isNew || row.Read == old.Read ? string.Empty : $"{Change(row.Read - old.Read)} read");
        }

        writer.Table(table);
        string[] gone = [.. before.Values.Where(row => !rows.ContainsKey(row.Key)).Select(row => row.Name).Order(StringComparer.Ordinal)];
        if (gone.Length > 0)
        {
            writer.Sentence($"Gone: {string.Join(", ", gone.Take(8))}{(gone.Length > 8 ? $" and {gone.Length - 8} more" : string.Empty)}.");
            writer.Blank();
        }
    }

    private Dictionary<string, Row> RowsOf(EvaluationResult result)
    {
        Dictionary<string, Row> rows = new(StringComparer.Ordinal);
        if (_by is { } kind)
        {
            foreach (OwnerForecast owner in OwnerForecast.Of(result, kind))
            {
                rows.Add(owner.Owner, new Row(owner.Owner, owner.Owner, owner.Counts.Pages * result.PageSize, Share(owner.Counts), owner.Profit));
            }

            return rows;
        }

        foreach (ProcessForecast process in result.Processes.Where(process => process.Process.Status == ReadStatus.Read))
        {
            // A pid that is used again is another process.
            string key = string.Create(CultureInfo.InvariantCulture, $"{process.Process.Pid} {process.Process.Stat.StartTime}");
            string name = string.Create(
                CultureInfo.InvariantCulture, $"{process.Process.Pid} {Wording.Title(process.Process.Stat.Name, process.Process.CommandLine)}");
            rows.Add(
                key,
                new Row(key, name, process.Counts.Pages * result.PageSize, Share(process.Counts), process.ProcessProfit(result.PageSize)));
        }

        return rows;
    }

    private static string Share(in PageCounts counts) => Wording.Percent(
        counts.Pages > 0 ? (counts.Merging + counts.PlacedZero + counts.DroppedBySplit) / (double)counts.Pages : 0);

    private readonly record struct Row(string Key, string Name, long Read, string Share, long Profit);
}
