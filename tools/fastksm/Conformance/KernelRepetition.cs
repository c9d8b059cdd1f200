using System.Collections.Generic;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Scripting;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>
/// Performs a script on the kernel twice, and compares the flush operations: what differs, nothing can be compared
/// with.
/// </summary>
internal sealed class KernelRepetition
{
    private readonly KernelSession _session;
    private string? _noise;

    /// <param name="session">Sole use of the host's KSM, with a trace of flushes.</param>
    internal KernelRepetition(KernelSession session) => _session = session;

    /// <summary>What has come about.</summary>
    internal FlushTally Tally { get; } = new();

    /// <summary>Performs and compares.</summary>
    /// <param name="script">The script; operations that name what is not there are passed over.</param>
    internal ComparisonResult Compare(Script script)
    {
        ComparisonResult result = CompareOnce(script);
        for (int attempt = 1; result.IsDisturbed && attempt < ScriptConformance.QuietAttempts; attempt++)
        {
            result = CompareOnce(script);
            result.Repeats = attempt;
        }

        return result;
    }

    private ComparisonResult CompareOnce(Script script)
    {
        ComparisonResult result = new() { File = script.File };
        _noise = null;
        List<string> first = Perform(script, result, tally: Tally);
        List<string> second = Perform(script, result, tally: null);
        for (int i = 0; i < script.Operations.Count && result.Outcome == ComparisonOutcome.Agrees; i++)
        {
            result.Compared++;
            if (!string.Equals(first[i], second[i], System.StringComparison.Ordinal))
            {
                result.Outcome = ComparisonOutcome.Differs;
                result.Position = script.Operations[i].Position;
                result.Operation = ScriptPrinter.Print(script.Operations[i]);
                result.Differences.Add(new Difference("outcome and flush operations", [first[i], second[i]]));
            }
        }

        if (result.Outcome == ComparisonOutcome.Differs && _noise is not null)
        {
            result.IsDisturbed = true;
            result.Outcome = ComparisonOutcome.Inconclusive;
            result.Reason = $"the two times differ, but {_noise}";
        }

        return result;
    }

    // What each operation came to.
    private List<string> Perform(Script script, ComparisonResult result, FlushTally? tally)
    {
        List<string> seen = [];
        using KernelPerformer kernel = new(_session);
        ScriptRunner runner = new(script.File, kernel);
        foreach (Operation operation in script.Operations)
        {
            StepOutcome outcome = Perform(runner, operation);
            if (outcome.Kind is StepKind.Impossible or StepKind.Exhausted)
            {
                result.Outcome = ComparisonOutcome.Skipped;
                result.Reason = outcome.Detail;
            }

            IReadOnlyList<FlushOperation>? flushes = runner.Flushes;
            string text = ScriptPrinter.Print(operation);
            if (flushes is not null)
            {
                tally?.Add(text[..text.IndexOf(' ', System.StringComparison.Ordinal)], flushes);
            }

            seen.Add($"{outcome.Detail}: {ScriptPrinter.Of(FlushRun.Of(flushes ?? []))}{MergedBy(operation, kernel)}");
            result.Operations += tally is null ? 0 : 1;
            result.Scans += tally is not null && operation is (Operation.Scan or Operation.Batch) ? 1 : 0;
        }

        _noise ??= kernel.Noise;
        if (kernel.Inconclusive is { } doubt && result.Outcome == ComparisonOutcome.Agrees)
        {
            result.Outcome = ComparisonOutcome.Inconclusive;
            result.Reason = doubt;
        }

        return seen;
    }

    // A scan that merges less flushes less: then the difference is none of the trace.
    private static string MergedBy(Operation operation, KernelPerformer kernel) =>
        operation is Operation.Scan && kernel.TryReadCounter("pages_sharing", out CounterValue sharing)
            ? $"; pages_sharing={sharing}"
            : string.Empty;

    private static StepOutcome Perform(ScriptRunner runner, Operation operation)
    {
        try
        {
            runner.Perform(operation);
            return StepOutcome.Done;
        }
        catch (ScriptException exception)
        {
            return StepOutcome.Of(operation, exception);
        }
    }
}
