using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>Counts what has come about in compared scripts: a comparison proves nothing of what did not happen in it.</summary>
/// <remarks>Thread safety: none.</remarks>
internal sealed class Coverage : IComparisonObserver
{
    /// <summary>What is to come about at least this often in a thousand scripts.</summary>
    internal const int Wanted = 100;

    private const string ThpSplit = "huge page split";

    // In the order of the report.
    private static readonly string[] s_names =
    [
        "chain made", "chain collapsed", "chain pruned", "stale node discarded", "smart-scan skip", "zero page placed",
        "fork of merged pages", "exit with merged pages", "partial unmap", "remap", "protect", "unmerge of a range",
        "prctl on", "prctl off", "pin failure", ThpSplit,
        "batch of some pages", "everything unmerged (run 2)", "exec", "lock", "write in spite of protection",
        "refused alike",
    ];

    private readonly Dictionary<string, (long Events, long Scripts)> _counts =
        s_names.ToDictionary(name => name, _ => (0L, 0L), StringComparer.Ordinal);

    private readonly HashSet<string> _inThisScript = new(StringComparer.Ordinal);
    private bool _hasMergedPages;

    /// <summary>What came about: how often, and in how many scripts; whether it is one of those that are wanted.</summary>
    internal IEnumerable<(string Name, long Events, long Scripts, bool IsWanted)> Rows => s_names.Select((name, i) =>
        (name, _counts[name].Events, _counts[name].Scripts, IsWanted: i <= Array.IndexOf(s_names, ThpSplit)));

    /// <inheritdoc/>
    public void Before(Operation operation, ConformanceSide side, ScriptRunner runner)
    {
        string? process = operation switch
        {
            Operation.Fork o => o.Parent.Text,
            Operation.ExitProcess o => o.Process.Text,
            Operation.Exec o => o.Process.Text,
            _ => null,
        };
        _hasMergedPages = process is not null
            && runner.Processes.TryGetValue(process, out int number)
            && side.Performer.TryReadCounter(number, "ksm_merging_pages", out CounterValue pages)
            && pages.Number > 0;
    }

    /// <inheritdoc/>
    public void After(Operation operation, StepOutcome outcome)
    {
        if (outcome.Kind == StepKind.Refused)
        {
            Count("refused alike", 1);
        }
        else if (outcome.Kind == StepKind.Done && NameOf(operation) is { } name)
        {
            Count(name, 1);
        }
    }

    /// <inheritdoc/>
    public void End(ConformanceSide side)
    {
        if ((side.Performer as EnginePerformer)?.Machine is { } machine)
        {
            KsmStatistics statistics = machine.Ksm.Statistics;
            Count("chain made", statistics.ChainsMade);
            Count("chain collapsed", statistics.ChainsCollapsed);
            Count("chain pruned", statistics.ChainsPruned);
            Count("stale node discarded", statistics.StaleNodesDiscarded);
            Count("zero page placed", statistics.ZeroPagesPlaced);
            Count("pin failure", statistics.BorrowedPagesMet);
            Count(ThpSplit, statistics.HugePagesSplit);
            Count("smart-scan skip", machine.Ksm.Counters.PagesSkipped);
        }

        foreach (string name in _inThisScript)
        {
            _counts[name] = _counts[name] with { Scripts = _counts[name].Scripts + 1 };
        }

        _inThisScript.Clear();
    }

    private string? NameOf(Operation operation) => operation switch
    {
        Operation.Fork => _hasMergedPages ? "fork of merged pages" : null,
        Operation.ExitProcess => _hasMergedPages ? "exit with merged pages" : null,
        Operation.Exec => "exec",
        Operation.Unmap { Pages.Pages: not null } => "partial unmap",
        Operation.Remap => "remap",
        Operation.Protect => "protect",
        Operation.Advise { Advice: MemoryAdvice.Unmergeable, Pages.Pages: not null } => "unmerge of a range",
        Operation.MergeAnything o => o.Enabled ? "prctl on" : "prctl off",
        Operation.Batch => "batch of some pages",
        Operation.Run { Value: 2 } => "everything unmerged (run 2)",
        Operation.Lock => "lock",
        Operation.ForceWrite => "write in spite of protection",
        _ => null,
    };

    private void Count(string name, long events)
    {
        if (events > 0)
        {
            _counts[name] = _counts[name] with { Events = _counts[name].Events + events };
            _ = _inThisScript.Add(name);
        }
    }
}
