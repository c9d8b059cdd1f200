using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using FastKsm.Cli.Output.Text;
using FastKsm.Cli.Recording;

namespace FastKsm.Cli.Output;

/// <summary>What came of a replay: how much the pages change, and each policy in a column.</summary>
internal static class ReplayReport
{
    /// <summary>
    /// Names the layout of the JSON; a key may be added without changing it, never renamed or removed.
    /// </summary>
    internal const string Schema = "fastksm.replay/1";

    private const int MostProcesses = 10;

    /// <summary>Writes it for people.</summary>
    internal static void Write(
        PageRecording recording, Volatility volatility, IReadOnlyList<ReplayOutcome> outcomes, ReportWriter writer)
    {
        string possible = volatility.Intervals.Count == 0 ? string.Empty : string.Create(
            CultureInfo.InvariantCulture,
            $" At best {Wording.Bytes(Possible(recording, volatility))} could be saved, averaged over time, if all that is equal were merged at once.");
        writer.Sentence(
            $" {Wording.Plural(recording.Samples.Count, "sample", "samples")} of {Wording.Plural(recording.Processes.Count, "process", "processes")} "
            + $"over {Wording.Seconds(recording.Length.TotalSeconds)}, {Wording.Bytes(volatility.MostPages * (double)recording.PageSize)} at most. "
            + $"Volatility: {Wording.Percent(volatility.Average)} of the pages changed from one sample to the next, "
            + $"{Wording.Percent(volatility.Most)} at most.{possible}",
            lead: "Recorded:",
            hang: 2);
        writer.Blank();
        WriteProcesses(volatility, writer);
        TextTable table = new([TextColumn.Word("ksmd would have"), .. outcomes.Select(outcome => TextColumn.Figure(outcome.Policy.Name))]);
        foreach ((string name, Func<ReplayOutcome, string> text) in s_rows)
        {
            table.Add([name, .. outcomes.Select(text)]);
        }

        writer.Table(table);
        writer.Sentence(
            "Erosion is the share of the merges that a write undid. CPU time is modelled (230 ns a visit, 287 ns a checksum, 197 ns a step down a "
            + "tree). Writes of the bytes that were there, and changes that had gone by the next sample, are in no recording: with either, more is broken.",
            TextStyle.Faint, hang: 2);
        string[] unfinished = [.. outcomes.Where(outcome => outcome.FullScans == 0).Select(outcome => outcome.Policy.Name)];
        if (unfinished.Length > 0)
        {
            writer.Sentence(
                $"No full scan came to its end in this time with: {string.Join(", ", unfinished)}. A longer recording (record --for) tells more of them.",
                TextStyle.Warning, hang: 2);
        }

        if (recording.SharedByFork > 0)
        {
            writer.Sentence(
                $"{Wording.Count(recording.SharedByFork)} addresses shared a frame by fork at the first sample and are left out.", TextStyle.Faint, hang: 2);
        }
    }

    /// <summary>Writes it as one JSON object.</summary>
    internal static void WriteJson(
        PageRecording recording, Volatility volatility, IReadOnlyList<ReplayOutcome> outcomes, TextWriter output)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteNumber("page_size", recording.PageSize);
            json.WriteNumber("samples", recording.Samples.Count);
            json.WriteNumber("seconds", recording.Length.TotalSeconds);
            json.WriteNumber("pages_at_most", volatility.MostPages);
            json.WriteNumber("shared_by_fork", recording.SharedByFork);
            json.WriteNumber("volatility_average", volatility.Average);
            json.WriteNumber("volatility_most", volatility.Most);
            json.WriteNumber("possible_average", Possible(recording, volatility));
            json.WriteStartArray("intervals");
            foreach (VolatilityInterval interval in volatility.Intervals)
            {
                json.WriteStartObject();
                json.WriteNumber("seconds", interval.Length.TotalSeconds);
                json.WriteNumber("pages", interval.Present);
                json.WriteNumber("pages_compared", interval.Compared);
                json.WriteNumber("pages_changed", interval.Changed);
                json.WriteNumber("pages_came", interval.Came);
                json.WriteNumber("pages_went", interval.Went);
                json.WriteNumber("contents", interval.Contents);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("policies");
            outcomes.ToList().ForEach(outcome => Write(json, outcome));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private static readonly (string Name, Func<ReplayOutcome, string> Text)[] s_rows =
    [
        ("saved, on average", outcome => Wording.Bytes(outcome.ProfitAverage)),
        ("saved at the end", outcome => Wording.Bytes(outcome.ProfitAtEnd)),
        ("addresses merged at the end", outcome => Wording.Count(outcome.MergedAtEnd)),
        ("merges", outcome => Wording.Count(outcome.Merged)),
        ("broken again by writes", outcome => Wording.Count(outcome.Broken)),
        ("erosion", outcome => Wording.Percent(outcome.Erosion)),
        ("given back while merged", outcome => Wording.Count(outcome.Gone)),
        ("full scans", outcome => Wording.Count(outcome.FullScans)),
        ("pages scanned", outcome => Wording.Count(outcome.PagesScanned)),
        ("pages skipped", outcome => Wording.Count(outcome.PagesSkipped)),
        ("CPU time", outcome => Wording.Seconds(outcome.CpuTime.TotalSeconds)),
        ("of one CPU", outcome => Wording.Percent(outcome.CpuShare)),
        ("pages_to_scan at the end", outcome => Wording.Count(outcome.PagesToScan)),
    ];

    private static double Possible(PageRecording recording, Volatility volatility) => volatility.Intervals.Count == 0 ? 0
        : volatility.Intervals.Average(interval => (double)(interval.Present - interval.Contents)) * recording.PageSize;

    private static void WriteProcesses(Volatility volatility, ReportWriter writer)
    {
        TextTable table = new(TextColumn.Label("process"), TextColumn.Figure("changed"), TextColumn.Figure("pages changed", 1));
        var moving = volatility.ByProcess
            .Where(row => row.Changed > 0)
            .OrderByDescending(row => row.Changed)
            .Take(MostProcesses);
        foreach ((RecordedProcess process, long compared, long changed) in moving)
        {
            table.Add(
                string.Create(CultureInfo.InvariantCulture, $"{process.Pid} {process.Name}"),
                Wording.Percent(compared > 0 ? changed / (double)compared : 0),
                Wording.Count(changed));
        }

        if (table.Rows.Count > 0)
        {
            writer.Table(table);
        }
    }

    private static void Write(Utf8JsonWriter json, ReplayOutcome outcome)
    {
        json.WriteStartObject();
        json.WriteString("policy", outcome.Policy.Name);
        json.WriteStartObject("settings");
        foreach ((string file, string value) in outcome.Policy.Settings.DistinctBy(setting => setting.File, StringComparer.Ordinal))
        {
            json.WriteString(file, value);
        }

        json.WriteEndObject();
        json.WriteNumber("general_profit_average", outcome.ProfitAverage);
        json.WriteNumber("general_profit", outcome.ProfitAtEnd);
        json.WriteNumber("addresses_merged", outcome.MergedAtEnd);
        json.WriteNumber("merges", outcome.Merged);
        json.WriteNumber("broken", outcome.Broken);
        json.WriteNumber("erosion", outcome.Erosion);
        json.WriteNumber("given_back", outcome.Gone);
        json.WriteNumber("full_scans", outcome.FullScans);
        json.WriteNumber("pages_scanned", outcome.PagesScanned);
        json.WriteNumber("pages_skipped", outcome.PagesSkipped);
        json.WriteNumber("cpu_seconds", outcome.CpuTime.TotalSeconds);
        json.WriteNumber("cpu_share", outcome.CpuShare);
        json.WriteNumber("pages_to_scan", outcome.PagesToScan);
        json.WriteEndObject();
    }
}
