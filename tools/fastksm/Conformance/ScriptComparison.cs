using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>Performs a script on several sides, operation by operation, and compares what they show after every scan.</summary>
/// <remarks>Good for one script. The sides are the caller's. Thread safety: none.</remarks>
internal sealed class ScriptComparison
{
    private static readonly string[] s_machine =
    [
        "pages_shared", "pages_sharing", "pages_unshared", "pages_volatile", "pages_scanned", "pages_skipped", "full_scans",
        "ksm_zero_pages", "general_profit", "stable_node_chains", "stable_node_dups", "ksm_rmap_items", "cow_ksm",
        "ksm_swpin_copy",
    ];

    private static readonly string[] s_process =
    [
        "ksm_rmap_items", "ksm_zero_pages", "ksm_merging_pages", "ksm_process_profit", "ksm_merge_any", "ksm_mergeable",
    ];

    private readonly IReadOnlyList<ConformanceSide> _sides;
    private readonly ScriptRunner[] _runners;
    private readonly string[] _machine;
    private readonly string[] _process;
    private readonly Script _script;
    private readonly IComparisonObserver? _observer;
    private readonly bool _passesOverBad;
    private readonly ComparisonResult _result;

    /// <param name="script">What to perform.</param>
    /// <param name="sides">On whom; nobody has started them.</param>
    /// <param name="observer">Looks on; null for nobody.</param>
    /// <param name="passesOverBad">Whether operations that name what is not there are passed over.</param>
    internal ScriptComparison(
        Script script, IReadOnlyList<ConformanceSide> sides, IComparisonObserver? observer = null, bool passesOverBad = false)
    {
        _passesOverBad = passesOverBad;
        _script = script;
        _sides = sides;
        _observer = observer;
        _runners = [.. sides.Select(side => new ScriptRunner(script.File, side.Performer))];
        _result = new ComparisonResult { File = script.File };
        _machine = Common(s_machine, CounterScope.Machine);
        _process = Common(s_process, CounterScope.Process);
    }

    /// <summary>Performs and compares.</summary>
    internal ComparisonResult Perform()
    {
        // The sides start with the first operation; to be compared they must have started even if there is none.
        bool goesOn = _script.Operations is [Operation.Machine, ..] || Step(new Operation.Machine(default, new MachineSettings()));
        foreach (Operation operation in goesOn ? _script.Operations.SelectMany(Expand) : [])
        {
            _result.Position = operation.Position;
            _result.Operation = ScriptPrinter.Print(operation);
            goesOn = Step(operation) && (operation is not (Operation.Scan or Operation.Batch) || CompareAfterScan());
            if (!goesOn)
            {
                break;
            }

            _result.Operations++;
        }

        if (goesOn)
        {
            _result.Operation = "the end";
            _ = CompareState() && Validate();
        }

        _observer?.End(_sides[0]);
        if (_result.Outcome == ComparisonOutcome.Agrees && _sides.Select(side => side.Doubt).FirstOrDefault(doubt => doubt is not null) is { } reason)
        {
            _result.Outcome = ComparisonOutcome.Inconclusive;
            _result.Reason = reason;
        }

        return _result;
    }

    // Several scans in one operation are several points to compare at.
    private static IEnumerable<Operation> Expand(Operation operation) => operation switch
    {
        Operation.Scan { Count: > 1 } o => Enumerable.Repeat(o with { Count = 1 }, o.Count),
        Operation.Batch { Count: > 1 } o => Enumerable.Repeat(o with { Count = 1 }, o.Count),
        _ => [operation],
    };

    private static bool IsCheck(Operation operation) => operation is Operation.Expect or Operation.ExpectContent
        or Operation.ExpectBytes or Operation.ExpectPinned or Operation.RememberFrame or Operation.ExpectFrame
        or Operation.ExpectMapCount or Operation.ExpectZeroFrame or Operation.ExpectPage or Operation.ExpectVma
        or Operation.ExpectEvents;

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
#pragma warning disable CA1031 // Whatever a side does that it should not is what this is looking for.
        catch (Exception exception) when (exception is not (ToolException or OperationCanceledException))
#pragma warning restore CA1031
        {
            return StepOutcome.Broken(exception);
        }
    }

    // Whether to go on.
    private bool Step(Operation operation)
    {
        _observer?.Before(operation, _sides[0], _runners[0]);
        StepOutcome[] outcomes = new StepOutcome[_sides.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = Perform(_runners[i], operation);
            if (outcomes[i].Kind is StepKind.Impossible or StepKind.Exhausted)
            {
                return LeaveOut(operation, $"{_sides[i].Name}: {outcomes[i].Detail}");
            }
        }

        if (outcomes.Any(outcome => outcome != outcomes[0]) || outcomes[0].Kind == StepKind.Broken)
        {
            _result.Differences.Add(new Difference(_result.Operation, [.. outcomes.Select(outcome => outcome.Detail)]));
            return End(ComparisonOutcome.Differs);
        }

        _observer?.After(operation, outcomes[0]);
        switch (outcomes[0].Kind)
        {
            case StepKind.Refused:
                _result.Refusals++;
                return true;
            case StepKind.CheckFailed:
                return End(ComparisonOutcome.ExpectationFailed, outcomes[0].Detail);
            case StepKind.Bad when _passesOverBad:
                return true;
            case StepKind.Bad:
                return End(ComparisonOutcome.BadScript, outcomes[0].Detail);
            default:
                return true;
        }
    }

    // A check changes nothing, so without it the rest is as good; without anything else it is not the same script.
    private bool LeaveOut(Operation operation, string reason)
    {
        if (!IsCheck(operation))
        {
            return End(ComparisonOutcome.Skipped, reason);
        }

        _result.SkippedChecks.Add($"{_script.File}:{operation.Position.Line}:{operation.Position.Column}: {reason}");
        return true;
    }

    private bool End(ComparisonOutcome outcome, string reason = "")
    {
        _result.Outcome = outcome;
        _result.Reason = reason;
        return false;
    }

    private bool CompareAfterScan()
    {
        _result.Scans++;
        return CompareState();
    }

    private bool CompareState()
    {
        foreach (string counter in _machine)
        {
            Compare(counter, side => Read(_sides[side].Performer, counter));
        }

        foreach ((string process, int number) in _runners[0].Processes)
        {
            foreach (string counter in _process)
            {
                Compare($"{process}.{counter}", side => Read(_sides[side].Performer, number, counter));
            }
        }

        ComparePages();
        return _result.Differences.Count == 0 || End(ComparisonOutcome.Differs);
    }

    private bool Validate()
    {
        foreach (ConformanceSide side in _sides)
        {
            try
            {
                side.Validate();
            }
            catch (InvalidOperationException exception)
            {
                _result.Differences.Add(new Difference($"Validate() of {side.Name}", [exception.Message]));
                return End(ComparisonOutcome.Differs);
            }
        }

        return true;
    }

    private void ComparePages()
    {
        FramePartition[] partitions =
            [.. _sides.Select((side, i) => new FramePartition(_runners[i], side.Performer))];
        _result.Compared += partitions[0].Count;
        for (int place = 0; place < partitions[0].Count; place++)
        {
            if (partitions.Any(partition => !partition.IsSame(partitions[0], place)))
            {
                _result.Differences.Add(new Difference(
                    partitions[0].Name(place), [.. partitions.Select(partition => partition.Describe(place))]));
            }
        }
    }

    private void Compare(string what, Func<int, CounterValue> read)
    {
        CounterValue[] values = [.. Enumerable.Range(0, _sides.Count).Select(read)];
        _result.Compared++;
        if (values.Any(value => value != values[0]))
        {
            _result.Differences.Add(new Difference(what, [.. values.Select(value => value.ToString())]));
        }
    }

    private static CounterValue Read(IScriptPerformer performer, string counter) =>
        performer.TryReadCounter(counter, out CounterValue value) ? value : default;

    private static CounterValue Read(IScriptPerformer performer, int process, string counter) =>
        performer.TryReadCounter(process, counter, out CounterValue value) ? value : default;

    private string[] Common(string[] counters, CounterScope scope) =>
        [.. counters.Where(counter => _sides.All(side => side.Performer.CounterNames(scope).Contains(counter, StringComparer.Ordinal)))];
}
