using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using FastKsm.Cli.Output;
using FastKsm.Cli.Output.Text;
using FastKsm.Scripting;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Commands;

/// <summary>
/// <c>fastksm run FILE</c>: performs a workload script on a simulated machine and checks its expectations.
/// </summary>
internal static class RunCommand
{
    /// <summary>
    /// Names the layout of the JSON; a key may be added without changing it, never renamed or removed.
    /// </summary>
    internal const string Schema = "fastksm.run/1";

    private const int MostThreads = 256;

    internal static Command Create()
    {
        Argument<string?> file = new("FILE") { Description = "The script; - for standard input.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> operations = new("--operations")
        {
            Description = "List the operations of the language with an example each, and do nothing.",
        };
        Option<bool> json = new("--json") { Description = "Print the final counters as one JSON object." };
        Option<string> index = new("--index")
        {
            Description = "How equal pages are found: by fingerprint, or by Linux's trees.",
            DefaultValueFactory = _ => "fingerprint",
        };
        index.AcceptOnlyFromAmong("tree", "fingerprint");
        Option<int> threads = new("--hashing-threads")
        {
            Description = "Threads that take checksums during a scan; what comes about is the same with any number.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        Option<string?> events = new("--events")
        {
            Description = "Write what merging does to a file, a line for each event: the kernel's tracepoints, in the kernel's order.",
            HelpName = "FILE",
        };
        Command command = new("run", "Perform a workload script on a simulated machine and check its expectations.")
        {
            file, json, index, threads, events, operations,
        };
        command.SetAction(parsed => parsed.GetValue(operations) ? ListOperations(parsed.InvocationConfiguration.Output) : Run(
            parsed.GetValue(file) ?? throw new ToolException(
                ExitCode.BadInput, "run: name a script, - for standard input, or ask for --operations. Try 'fastksm run --help'."),
            parsed.GetValue(json),
            string.Equals(parsed.GetValue(index), "tree", StringComparison.Ordinal) ? ScannerIndex.Tree : ScannerIndex.Fingerprint,
            parsed.GetValue(threads),
            parsed.GetValue(events),
            parsed.InvocationConfiguration.Output));
        return command;
    }

    private static int Run(string file, bool asJson, ScannerIndex index, int threads, string? events, TextWriter output)
    {
        if (threads is < 1 or > MostThreads)
        {
            throw new ToolException(
                ExitCode.BadInput,
                string.Create(CultureInfo.InvariantCulture, $"run: --hashing-threads takes 1 to {MostThreads}, not {threads}."));
        }

        try
        {
            Script script = ScriptFile.Read("run", file);
            using EventLog? log = events is null ? null : EventLog.Open("run", events);
            using EnginePerformer performer = new(index, new MachineOptions { HashingThreads = threads })
            {
                Listener = log is null ? null : log.Add,
            };
            List<PrintedLine> printed = [];
            ReportWriter report = new(output, TerminalTraits.OfOutput());
            ScriptRunner runner = new(script.File, performer)
            {
                Printed = line => Print(asJson ? printed : null, report, line),
            };
            try
            {
                runner.Run(script);
            }
            finally
            {
                // The counters at the end are most wanted where the end is not the expected one.
                if (performer.Machine is not null && asJson)
                {
                    output.WriteLine(Json(runner, performer, printed));
                }
            }

            if (!asJson)
            {
                report.Line(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{script.File}: {runner.OperationsPerformed} operations, {runner.ExpectationsHeld} expectations held"));
            }

            return ExitCode.Success;
        }
        catch (ScriptException exception)
        {
            throw new ToolException(CodeOf(exception.Outcome), exception.Message);
        }
    }

    // JSON is one object, written at the end.
    private static void Print(List<PrintedLine>? kept, ReportWriter report, PrintedLine line)
    {
        if (kept is not null)
        {
            kept.Add(line);
            return;
        }

        string values = string.Join(' ', line.Values.Select(value => $"{value.Name}={value.Value}"));
        report.Line(string.Create(CultureInfo.InvariantCulture, $"line {line.Position.Line}: {values}"));
    }

    private static int ListOperations(TextWriter output)
    {
        ReportWriter report = new(output, TerminalTraits.OfOutput());
        foreach (OperationForm form in OperationSyntax.Forms)
        {
            report.Sentence(form.Usage, hang: 4);
            report.Sentence($"    {form.Example}   # {form.Meaning}", hang: 8);
        }

        report.Blank();
        report.Sentence(
            "Defaults that differ from Linux's: run=1, smart_scan=0, pages_to_scan=4294967295 (a batch is a full scan); no region has "
            + "huge pages without 'huge'; time passes by 'advance' alone.");
        return ExitCode.Success;
    }

    private static int CodeOf(ScriptOutcome outcome) => outcome switch
    {
        ScriptOutcome.ExpectationFailed => ExitCode.Failed,
        ScriptOutcome.Exhausted => ExitCode.Exhausted,
        _ => ExitCode.BadInput,
    };

    private static string Json(ScriptRunner runner, EnginePerformer performer, IReadOnlyList<PrintedLine> printed)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteNumber("operations", runner.OperationsPerformed);
            json.WriteNumber("expectations_held", runner.ExpectationsHeld);
            json.WriteStartArray("printed");
            foreach (PrintedLine line in printed)
            {
                json.WriteStartObject();
                json.WriteNumber("line", line.Position.Line);
                json.WriteStartObject("values");
                foreach ((string name, CounterValue value) in line.Values.DistinctBy(value => value.Name, StringComparer.Ordinal))
                {
                    Write(json, name, value);
                }

                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("counters");
            foreach (string name in performer.CounterNames(CounterScope.Machine))
            {
                if (performer.TryReadCounter(name, out CounterValue value))
                {
                    Write(json, name, value);
                }
            }

            json.WriteEndObject();
            json.WriteStartObject("processes");
            foreach ((string process, int number) in runner.Processes)
            {
                json.WriteStartObject(process);
                foreach (string name in performer.CounterNames(CounterScope.Process))
                {
                    if (performer.TryReadCounter(number, name, out CounterValue value))
                    {
                        Write(json, name, value);
                    }
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void Write(Utf8JsonWriter json, string name, CounterValue value)
    {
        if (value.Word is { } word)
        {
            json.WriteString(name, word);
        }
        else
        {
            json.WriteNumber(name, value.Number);
        }
    }
}
