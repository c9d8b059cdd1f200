using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>
/// Performs a script on several sides, operation by operation, and compares what they show after every scan.
/// </summary>
/// <remarks>Good for one script. The sides are the caller's. Thread safety: none.</remarks>
internal sealed class ScriptComparison
{
    private const string Reason =
        "pages changed between two batches of a scan, and the index by checksums differs from Linux's tree there";

    private readonly IReadOnlyList<ConformanceSide> _sides;
    private readonly ScriptRunner[] _runners;
    private readonly StateComparison _state;
    private readonly Script _script;
    private readonly IComparisonObserver? _observer;
    private readonly bool _passesOverBad;
    private readonly ComparisonResult _result;

    // Whether the last batch ended before the end of the scan, and whether anything has happened between such batches.
    private bool _isWithinScan;
    private bool _hasChangedWithinScan;

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
        _state = new StateComparison(sides, _runners, _result);
    }

    /// <summary>Performs and compares.</summary>
    internal ComparisonResult Perform()
    {
        // The sides start with the first operation; to be compared they must have started even if there is none.
        bool goesOn = _script.Operations is [Operation.Machine, ..]
            || Step(new Operation.Machine(default, new MachineSettings()));
        foreach (Operation operation in goesOn ? _script.Operations.SelectMany(Expand) : [])
        {
            _result.Position = operation.Position;
            _result.Operation = ScriptPrinter.Print(operation);
            goesOn = Step(operation) && CompareAfter(operation);
            if (!goesOn)
            {
                break;
            }

            _result.Operations++;
        }

        if (goesOn)
        {
            _result.Operation = "the end";
            _ = CompareAtEnd() && Validate();
        }

        _observer?.End(_sides[0]);
        if (_result.Outcome == ComparisonOutcome.Agrees && FindUncounted() is { } uncounted)
        {
            _result.Outcome = ComparisonOutcome.Inconclusive;
            _result.Reason = $"flush operations were not compared: {uncounted} does not count them";
        }

        if (_result.Outcome == ComparisonOutcome.Agrees
            && _sides.Select(side => side.Doubt).FirstOrDefault(doubt => doubt is not null) is { } reason)
        {
            _result.Outcome = ComparisonOutcome.Inconclusive;
            _result.Reason = reason;
        }

        if (_result.Outcome == ComparisonOutcome.Differs
            && _sides.Select(side => side.Intruder).FirstOrDefault(intruder => intruder is not null) is { } who)
        {
            _result.Outcome = ComparisonOutcome.Inconclusive;
            _result.Reason = who;
        }

        ExcuseFlushes();
        return _result;
    }

    // Flush operations that differ prove nothing where the host was busy, and are never taken for equal either.
    private void ExcuseFlushes()
    {
        bool mayBeNoise = _result.Outcome == ComparisonOutcome.Differs
            && _result.Differences.All(
                difference => string.Equals(difference.What, StateComparison.Flushes, StringComparison.Ordinal));
        if (mayBeNoise && _sides.Select(side => side.Noise).FirstOrDefault(noise => noise is not null) is { } noise)
        {
            _result.IsDisturbed = true;
            _result.Outcome = ComparisonOutcome.Inconclusive;
            Difference first = _result.Differences[0];
            _result.Reason = $"flush operations of \"{_result.Operation}\" differ ({first.Values[0]}, {first.Values[^1]}), but {noise}";
            _result.Differences.Clear();
        }
    }

    // The side that does not count flush operations where the last one, the kernel, was asked to. Null if there is no
    // such side.
    private string? FindUncounted() => _sides[^1].Performer.Flushes is null
        ? null
        : _sides.FirstOrDefault(side => side.Performer.Flushes is null)?.Name;

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
        or Operation.ExpectEvents or Operation.ExpectFlushes or Operation.Print;

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
        long scans = operation is Operation.Batch ? Number("full_scans") : 0;
        long visits = operation is Operation.Batch ? Number("pages_scanned") : 0;
        _observer?.Before(operation, First, _runners[_state.Taking[0]]);
        FrameKeeping? keeping = FrameKeeping.For(operation, _runners[_state.Taking[0]]);
        Dictionary<int, StepOutcome> outcomes = [];
        foreach (int side in _state.Taking)
        {
            keeping?.Look(side, _sides[side].Performer);
            outcomes[side] = Perform(_runners[side], operation);
            if (outcomes[side].Kind is StepKind.Impossible or StepKind.Exhausted)
            {
                return LeaveOut(operation, $"{_sides[side].Name}: {outcomes[side].Detail}");
            }
        }

        if (outcomes.Values.Any(outcome => outcome != outcomes[_state.Taking[0]])
            || outcomes[_state.Taking[0]].Kind == StepKind.Broken)
        {
            _state.Note(_result.Operation, side => outcomes[side].Detail);
            if (!GoesOn())
            {
                return false;
            }
        }

        StepOutcome common = outcomes[_state.Taking[0]];
        _observer?.After(operation, common);
        if (keeping is not null && common.Kind is StepKind.Done)
        {
            _state.CompareKept(keeping);
            if (!GoesOn())
            {
                return false;
            }
        }

        if (common.Kind is StepKind.Done or StepKind.Refused && !IsCheck(operation))
        {
            _state.CompareFlushes();
            if (!GoesOn())
            {
                return false;
            }
        }

        switch (common.Kind)
        {
            case StepKind.Refused:
                // What is refused may have done a part: madvise goes on behind a hole and reports it at the end.
                _result.Refusals++;
                FollowScan(operation, scans, visits);
                return true;
            case StepKind.CheckFailed:
                return End(ComparisonOutcome.ExpectationFailed, common.Detail);
            case StepKind.Bad when _passesOverBad:
                return true;
            case StepKind.Bad:
                return End(ComparisonOutcome.BadScript, common.Detail);
            default:
                FollowScan(operation, scans, visits);
                return true;
        }
    }

    // Where the cursor is: a batch ends within a scan unless it has come to the end of one, or has nobody to visit.
    private void FollowScan(Operation operation, long scansBefore, long visitsBefore)
    {
        switch (operation)
        {
            case Operation.Batch:
                _isWithinScan = Number("full_scans") == scansBefore
                    && (_isWithinScan || Number("pages_scanned") != visitsBefore);
                break;
            case Operation.Scan when Number("run") == 1 && Number("pages_to_scan") != 0:
            case Operation.Run { Value: 2 }:
                _isWithinScan = false;
                break;
            default:
                _hasChangedWithinScan |= _isWithinScan && !IsCheck(operation)
                    && operation is not (Operation.Knobs or Operation.Scan);
                break;
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

    private ConformanceSide First => _sides[_state.Taking[0]];

    private long Number(string counter) => First.Performer.TryReadCounter(counter, out CounterValue value) ? value.Number : 0;

    private bool CompareAfter(Operation operation)
    {
        if (operation is Operation.Scan or Operation.Batch)
        {
            _result.Scans++;
            _state.CompareAll();
        }
        else if (operation is Operation.Knobs or Operation.Run)
        {
            _state.CompareKnobs();
        }

        _state.CompareImmediate();
        return GoesOn();
    }

    private bool CompareAtEnd()
    {
        _state.CompareAll();
        _state.CompareKnobs();
        _state.CompareContents();
        return GoesOn();
    }

    // Whether no side differs, or only one that may: after a change between two batches of a scan the unstable tree of
    // Linux may be mis-sorted, which an index by checksums does not imitate.
    private bool GoesOn()
    {
        if (_result.Differences.Count == 0)
        {
            return true;
        }

        int dissenter = _hasChangedWithinScan ? _state.OnlyDissenter(side => _sides[side].MayDifferWithinScans) : -1;
        if (dissenter < 0)
        {
            return End(ComparisonOutcome.Differs);
        }

        if (_state.Taking.Count == 2)
        {
            _result.Differences.Clear();
            return End(ComparisonOutcome.Inconclusive, $"{_sides[dissenter].Name}: {Reason}; compare it with --index tree");
        }

        _result.LeftOut.Add($"{_sides[dissenter].Name} from line {_result.Position.Line} on: {Reason}");
        _result.Differences.Clear();
        _state.LeaveOut(dissenter);
        return true;
    }

    private bool Validate()
    {
        foreach (int side in _state.Taking)
        {
            try
            {
                _sides[side].Validate();
            }
            catch (InvalidOperationException exception)
            {
                _state.Note($"Validate() of {_sides[side].Name}", other => other == side ? exception.Message : string.Empty);
                return End(ComparisonOutcome.Differs);
            }
        }

        return true;
    }
}
