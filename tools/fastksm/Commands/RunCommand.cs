using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using FastKsm.Cli.Output;
using FastKsm.Cli.Output.Text;
using FastKsm.Scripting;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm run FILE</c>: performs a workload script on a simulated machine and checks its expectations.</summary>
internal static class RunCommand
{
    /// <summary>Names the layout of the JSON; a key may be added without changing it, never renamed or removed.</summary>
    internal const string Schema = "fastksm.run/1";

    private const int MostThreads = 256;

    internal static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "The script; - for standard input." };
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
            file, json, index, threads, events,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(file)!,
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
            ScriptRunner runner = new(script.File, performer);
            try
            {
                runner.Run(script);
            }
            finally
            {
                // The counters at the end are most wanted where the end is not the expected one.
                if (performer.Machine is not null && asJson)
                {
                    output.WriteLine(Json(runner, performer));
                }
            }

            if (!asJson)
            {
                new ReportWriter(output, TerminalTraits.OfOutput()).Line(string.Create(
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

    private static int CodeOf(ScriptOutcome outcome) => outcome switch
    {
        ScriptOutcome.ExpectationFailed => ExitCode.Failed,
        ScriptOutcome.Exhausted => ExitCode.Exhausted,
        _ => ExitCode.BadInput,
    };

    private static string Json(ScriptRunner runner, EnginePerformer performer)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteNumber("operations", runner.OperationsPerformed);
            json.WriteNumber("expectations_held", runner.ExpectationsHeld);
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
