using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using FastKsm.Cli.Conformance;
using FastKsm.Cli.Output.Text;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Output;

/// <summary>What comparisons with the kernel came to: a line for each script, a table for what differs, and the total.</summary>
internal sealed class ConformReport
{
    /// <summary>Names the layout of the JSON; a key may be added without changing it, never renamed or removed.</summary>
    internal const string Schema = "fastksm.conform/1";

    private readonly string[] _sides;
    private readonly TextWriter _output;
    private readonly ReportWriter _writer;
    private readonly bool _asJson;
    private readonly string _host;
    private readonly List<ComparisonResult> _results = [];
    private readonly List<(ulong Seed, string Script, ComparisonResult Result)> _shrunk = [];
    private (ulong Count, ulong Seed)? _random;
    private Coverage? _coverage;
    private FlushTally? _tally;

    /// <param name="sides">Who is compared, by name.</param>
    /// <param name="output">Receives it.</param>
    /// <param name="asJson">Whether to write one JSON object at the end instead.</param>
    /// <param name="host">Traits of the host that comparisons depend on.</param>
    internal ConformReport(string[] sides, TextWriter output, bool asJson, string host)
    {
        _host = host;
        _sides = sides;
        _output = output;
        _writer = new ReportWriter(output, TerminalTraits.OfOutput());
        _asJson = asJson;
        if (!asJson)
        {
            _writer.Line($"host: {host}");
        }
    }

    /// <summary>A script has been compared.</summary>
    internal void Add(ComparisonResult result)
    {
        _results.Add(result);
        Print(result);
    }

    /// <summary>Random scripts are to come.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Seed of the first.</param>
    internal void BeginRandom(ulong count, ulong seed)
    {
        _random = (count, seed);
        if (!_asJson)
        {
            _writer.Line(string.Create(
                CultureInfo.InvariantCulture, $"{count} random scripts, --seed {seed}; script i alone: --random 1 --seed {seed}+i"));
        }
    }

    /// <summary>A random script has been compared; only what does not agree gets a line of its own.</summary>
    internal void AddRandom(ComparisonResult result)
    {
        _results.Add(result);
        if (result.Outcome != ComparisonOutcome.Agrees)
        {
            Print(result);
        }
    }

    /// <summary>A random script that differed has been shrunk.</summary>
    /// <param name="seed">Its seed.</param>
    /// <param name="script">What is left of it.</param>
    /// <param name="result">What comes of that.</param>
    internal void AddShrunk(ulong seed, Script script, ComparisonResult result)
    {
        string text = ScriptPrinter.Print(script.Operations);
        _shrunk.Add((seed, text, result));
        if (_asJson)
        {
            return;
        }

        if (result.Outcome != ComparisonOutcome.Differs)
        {
            _writer.Line(string.Create(
                CultureInfo.InvariantCulture, $"seed {seed}: performed once more it did not differ: something else had a hand in it"));
            return;
        }

        _writer.Line(string.Create(
            CultureInfo.InvariantCulture, $"seed {seed}, shrunk to {script.Operations.Count} operations:"));
        _writer.Blank();
        foreach (string line in text.TrimEnd().Split('\n'))
        {
            _writer.Line($"    {line}");
        }

        _writer.Blank();
        Print(result);
    }

    /// <summary>All random scripts have been compared; whose flush operations were looked at.</summary>
    /// <param name="tally">Flush operations by their text, and how many there were.</param>
    internal void EndRandom(FlushTally tally)
    {
        _tally = tally;
        if (_asJson)
        {
            return;
        }

        TextTable table = new(
            TextColumn.Word("flush operations of"), TextColumn.Word("kind"), TextColumn.Figure("times"));
        foreach ((string operation, string kind, long count) in tally.Rows)
        {
            table.Add(operation, kind, Wording.Count(count));
        }

        _writer.Table(table);
    }

    /// <summary>All random scripts have been compared.</summary>
    internal void EndRandom(Coverage coverage)
    {
        _coverage = coverage;
        if (_asJson)
        {
            return;
        }

        TextTable table = new(
            TextColumn.Word("what came about"), TextColumn.Figure("times"), TextColumn.Figure("scripts"), TextColumn.Remark());
        foreach ((string name, long events, long scripts, bool wanted) in coverage.Rows)
        {
            string remark = !wanted || (long)_random!.Value.Count < 1000 || scripts >= Coverage.Wanted ? string.Empty
                : string.Create(CultureInfo.InvariantCulture, $"fewer than {Coverage.Wanted}");
            table.Add(name, Wording.Count(events), Wording.Count(scripts), remark);
        }

        _writer.Table(table);
    }

    /// <summary>All have been.</summary>
    /// <returns>The exit code.</returns>
    internal int End()
    {
        if (_asJson)
        {
            _output.WriteLine(Json());
        }
        else
        {
            _writer.Line(Total());
        }

        return Count(ComparisonOutcome.Differs) + Count(ComparisonOutcome.ExpectationFailed) > 0 ? ExitCode.Failed
            : Count(ComparisonOutcome.Inconclusive) > 0 || Count(ComparisonOutcome.Agrees) == 0 ? ExitCode.NotPermitted
            : ExitCode.Success;
    }

    private void Print(ComparisonResult result)
    {
        if (!_asJson)
        {
            _writer.Line(Line(result));
            WriteDifferences(result);
        }
    }

    private static string Line(ComparisonResult result)
    {
        string place = string.Create(
            CultureInfo.InvariantCulture, $"{result.File}:{result.Position.Line}:{result.Position.Column}");
        string much = string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Operations} operations, {result.Scans} scans, {result.Compared:N0} values");
        string skipped = result.SkippedChecks.Count == 0 ? string.Empty
            : $"; checks skipped: {string.Join("; ", result.SkippedChecks)}";
        skipped += result.LeftOut.Count == 0 ? string.Empty : $"; left out: {string.Join("; ", result.LeftOut)}";
        return result.Outcome switch
        {
            ComparisonOutcome.Agrees => $"{result.File}: agrees: {much}{skipped}",
            ComparisonOutcome.Differs => $"{place}: DIFFERS after {result.Operation}{(result.Scans > 0 ? $", scan {result.Scans}" : string.Empty)}:",
            ComparisonOutcome.ExpectationFailed => $"{place}: the sides agree, but the script is wrong: {result.Reason}",
            ComparisonOutcome.Skipped => $"{place}: skipped from here on ({much} before): {result.Reason}",
            _ => $"{result.File}: inconclusive: {result.Reason}",
        };
    }

    private void WriteDifferences(ComparisonResult result)
    {
        if (result.Differences.Count == 0)
        {
            return;
        }

        TextTable table = new(
            [TextColumn.Figure("line"), TextColumn.Word("what"), .. _sides.Select(side => TextColumn.Figure(side, 1))]);
        foreach (Difference difference in result.Differences)
        {
            table.Add([result.Position.Line.ToString(CultureInfo.InvariantCulture), difference.What, .. difference.Values]);
        }

        _writer.Table(table);
    }

    private string Total() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_results.Count} scripts: {Count(ComparisonOutcome.Agrees)} agree, "
        + $"{Count(ComparisonOutcome.Differs) + Count(ComparisonOutcome.ExpectationFailed)} differ or fail, "
        + $"{Count(ComparisonOutcome.Skipped)} skipped, {Count(ComparisonOutcome.Inconclusive)} inconclusive; "
        + $"{LeftOut()}{Repeated()}"
        + $"{_results.Sum(result => result.Scans)} scans, {_results.Sum(result => result.Compared):N0} values compared");

    private string LeftOut()
    {
        int scripts = _results.Count(result => result.LeftOut.Count > 0);
        return scripts == 0 ? string.Empty : string.Create(
            CultureInfo.InvariantCulture,
            $"in {scripts} a side was left out before the end, because pages changed between two batches of a scan; ");
    }

    private string Repeated()
    {
        int scripts = _results.Count(result => result.Repeats > 0);
        return scripts == 0 ? string.Empty
            : $"{Wording.Count(scripts)} performed again, {Wording.Count(_results.Sum(result => result.Repeats))} times in all, as the host was busy; ";
    }

    private int Count(ComparisonOutcome outcome) => _results.Count(result => result.Outcome == outcome);

    private string Json()
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteString("host", _host);
            json.WriteStartArray("scripts");
            foreach (ComparisonResult result in _results)
            {
                Write(json, result);
            }

            json.WriteEndArray();
            WriteRandom(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private void WriteRandom(Utf8JsonWriter json)
    {
        if (_random is not { } random || (_coverage is null && _tally is null))
        {
            return;
        }

        json.WriteStartObject("random");
        json.WriteNumber("count", random.Count);
        json.WriteNumber("seed", random.Seed);
        json.WriteStartArray("shrunk");
        foreach ((ulong seed, string script, ComparisonResult result) in _shrunk)
        {
            json.WriteStartObject();
            json.WriteNumber("seed", seed);
            json.WriteString("script", script);
            json.WritePropertyName("result");
            Write(json, result);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("flushes");
        foreach ((string operation, string kind, long count) in _tally?.Rows ?? [])
        {
            json.WriteStartObject();
            json.WriteString("operation", operation);
            json.WriteString("kind", kind);
            json.WriteNumber("times", count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("coverage");
        foreach ((string name, long events, long scripts, _) in _coverage?.Rows ?? [])
        {
            json.WriteStartObject(name);
            json.WriteNumber("times", events);
            json.WriteNumber("scripts", scripts);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, ComparisonResult result)
    {
        json.WriteStartObject();
        json.WriteString("file", result.File);
        json.WriteString("outcome", WordOf(result.Outcome));
        json.WriteNumber("operations", result.Operations);
        json.WriteNumber("refusals", result.Refusals);
        json.WriteNumber("scans", result.Scans);
        json.WriteNumber("values_compared", result.Compared);
        json.WriteNumber("repeats", result.Repeats);
        if (result.Outcome != ComparisonOutcome.Agrees)
        {
            json.WriteNumber("line", result.Position.Line);
            json.WriteNumber("column", result.Position.Column);
            json.WriteString("operation", result.Operation);
            json.WriteString("reason", result.Reason);
        }

        json.WriteStartArray("checks_skipped");
        foreach (string check in result.SkippedChecks)
        {
            json.WriteStringValue(check);
        }

        json.WriteEndArray();
        json.WriteStartArray("left_out");
        foreach (string side in result.LeftOut)
        {
            json.WriteStringValue(side);
        }

        json.WriteEndArray();
        json.WriteStartArray("differences");
        foreach (Difference difference in result.Differences)
        {
            json.WriteStartObject();
            json.WriteString("what", difference.What);
            for (int i = 0; i < difference.Values.Count; i++)
            {
                json.WriteString(_sides[i], difference.Values[i]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string WordOf(ComparisonOutcome outcome) => outcome switch
    {
        ComparisonOutcome.Agrees => "agrees",
        ComparisonOutcome.Differs => "differs",
        ComparisonOutcome.ExpectationFailed => "expectation_failed",
        ComparisonOutcome.Skipped => "skipped",
        ComparisonOutcome.Inconclusive => "inconclusive",
        _ => "bad_script",
    };
}
