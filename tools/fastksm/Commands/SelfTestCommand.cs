using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli.Output.Text;
using FastKsm.Simd;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm selftest</c>: are the vector kernels right on this very CPU, and which could not be tried?</summary>
internal static class SelfTestCommand
{
    internal static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of a table." };
        Option<int?> seed = new("--seed") { Description = "Repeat a run with the random contents of this seed." };
        Command command = new("selftest", "Checks every vector kernel on this CPU against known answers.") { json, seed };
        command.SetAction(parsed => Run(
            parsed.GetValue(seed) ?? Random.Shared.Next(), parsed.GetValue(json), parsed.InvocationConfiguration));
        return command;
    }

    private static int Run(int seed, bool asJson, InvocationConfiguration console)
    {
        IReadOnlyList<KernelSelfTestRow> rows = KernelSelfTest.Run(seed);
        if (asJson)
        {
            console.Output.WriteLine(Json(rows, seed));
        }
        else
        {
            Print(rows, seed, console);
        }

        return rows.Any(row => row.Outcome == KernelOutcome.Failed) ? ExitCode.Failed : ExitCode.Success;
    }

    private static void Print(IReadOnlyList<KernelSelfTestRow> rows, int seed, InvocationConfiguration console)
    {
        ReportWriter writer = new(console.Output, TerminalTraits.OfOutput());
        TextTable table = new(TextColumn.Word("kernel"), TextColumn.Word("path"), TextColumn.Word("outcome"), TextColumn.Label("remark"));
        foreach (KernelSelfTestRow row in rows)
        {
            string remark = row.Outcome == KernelOutcome.Passed && row.IsTaken ? "taken here" : row.Reason;
            table.Add(row.Kernel, row.Path, Name(row.Outcome), remark);
        }

        writer.Table(table);
        writer.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{Count(rows, KernelOutcome.Passed)} passed, {Count(rows, KernelOutcome.Failed)} failed, "
            + $"{Count(rows, KernelOutcome.NotReached)} not reached; seed {seed}"));
    }

    private static int Count(IReadOnlyList<KernelSelfTestRow> rows, KernelOutcome outcome) =>
        rows.Count(row => row.Outcome == outcome);

    private static string Name(KernelOutcome outcome) => outcome switch
    {
        KernelOutcome.Passed => "passed",
        KernelOutcome.Failed => "FAILED",
        _ => "not reached",
    };

    private static string Json(IReadOnlyList<KernelSelfTestRow> rows, int seed) => JsonSerializer.Serialize(new
    {
        seed,
        rows = rows.Select(row => new
        {
            kernel = row.Kernel,
            path = row.Path,
            outcome = row.Outcome switch
            {
                KernelOutcome.Passed => "passed",
                KernelOutcome.Failed => "failed",
                _ => "not_reached",
            },
            taken = row.IsTaken,
            reason = row.Reason,
        }),
    });
}
