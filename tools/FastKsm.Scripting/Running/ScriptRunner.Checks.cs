using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <content>Checks.</content>
public sealed partial class ScriptRunner
{
    private bool Check(Operation operation)
    {
        switch (operation)
        {
            case Operation.Expect o:
                foreach (CounterExpectation condition in o.Conditions)
                {
                    CheckCounter(condition);
                }

                return true;
            case Operation.Print o:
                Print(o);
                return true;
            case Operation.ExpectContent o:
                CheckContent(o);
                return true;
            case Operation.ExpectBytes o:
                CheckBytes(o);
                return true;
            case Operation.ExpectPinned o:
                CheckPinned(o);
                return true;
            case Operation.RememberFrame o:
                _frames[o.Frame.Text] = FrameOf(new FramePlace(o.Process, o.Page));
                return true;
            case Operation.ExpectFrame o:
                CheckFrame(o);
                return true;
            case Operation.ExpectMapCount o:
                OnPages(o.Process, o.Pages, (process, address) => _performer.MapCountAt(process, address) is var count
                    && count != o.Count ? $"map count {o.Count}, is {count}" : null);
                return true;
            case Operation.ExpectZeroFrame o:
                OnPages(o.Process, o.Pages, (process, address) => CheckState(process, address, PageState.Zero, PageState.None));
                return true;
            case Operation.ExpectPage o:
                OnPages(o.Process, o.Pages, (process, address) => CheckState(process, address, o.Is, o.IsNot));
                return true;
            case Operation.ExpectVma o:
                OnPages(o.Process, o.Pages, (process, address) => CheckVma(process, address, o));
                return true;
            case Operation.ExpectEvents o:
                CheckEvents(o);
                return true;
            case Operation.ExpectFlushes o:
                CheckFlushes(o);
                return true;
            default:
                return false;
        }
    }

    private void CheckCounter(CounterExpectation condition)
    {
        CounterValue actual = Read(condition.Counter, condition.Position);
        if (!condition.Holds(actual))
        {
            throw Fail(
                ScriptOutcome.ExpectationFailed, condition.Position,
                $"expected {ScriptPrinter.Of(condition)}, is {actual}");
        }

        ExpectationsHeld++;
    }

    private void Print(Operation.Print operation)
    {
        // Read even where nothing listens: a counter that is not there is an error on every side.
        List<(string Name, CounterValue Value)> values = new(operation.Counters.Count);
        foreach (PrintedCounter printed in operation.Counters)
        {
            values.Add((printed.Counter.ToString(), Read(printed.Counter, printed.Position)));
        }

        Printed?.Invoke(new PrintedLine(operation.Position, values));
    }

    private CounterValue Read(CounterName name, SourcePosition position)
    {
        CounterScope scope = CounterScope.Machine;
        bool isKnown;
        CounterValue value;
        if (name.Process is not { } processName)
        {
            isKnown = _performer.TryReadCounter(name.Counter, out value);
        }
        else
        {
            ScriptProcess process = Living(processName);
            if (name.Region is { } regionName)
            {
                scope = CounterScope.Region;
                ScriptRegion region = RegionOf(process, regionName);
                PageRun run = new(region.Address, region.Pages);
                isKnown = _performer.TryReadCounter(process.Number, run, name.Counter, out value);
            }
            else
            {
                scope = CounterScope.Process;
                isKnown = _performer.TryReadCounter(process.Number, name.Counter, out value);
            }
        }

        if (isKnown)
        {
            return value;
        }

        IEnumerable<string> names = _performer.CounterNames(scope).Union(KnownCounters.Of(scope), StringComparer.Ordinal);
        throw names.Contains(name.Counter, StringComparer.Ordinal)
            ? Fail(ScriptOutcome.NotImplemented, position, $"not implemented yet: counter {name.Counter}")
            : Bad(
                position,
                $"there is no counter {Quote.Of(name.Counter)} of a {WordFor(scope)}{Spelling.Suggest(name.Counter, names)}");
    }

    private static string WordFor(CounterScope scope) => scope switch
    {
        CounterScope.Machine => "machine",
        CounterScope.Process => "process",
        _ => "region",
    };

    private void CheckError(Operation.ExpectError check)
    {
        try
        {
            Dispatch(check.Refused);
        }
        catch (Exception exception) when (_performer.Explain(exception) is { Error: not null } failure)
        {
            if (!string.Equals(failure.Error, check.Error, StringComparison.Ordinal))
            {
                throw Fail(
                    ScriptOutcome.ExpectationFailed, check.Position,
                    $"expected {check.Error}, but {KeywordOf(check.Refused)} was refused with {failure.Error}: {failure.Message}",
                    failure);
            }

            ExpectationsHeld++;
            return;
        }

        throw Fail(
            ScriptOutcome.ExpectationFailed, check.Position,
            $"expected {check.Error}, but {KeywordOf(check.Refused)} was not refused");
    }

    private void CheckContent(Operation.ExpectContent check)
    {
        byte[] expected = new byte[_performer.ContentSize];
        byte[] actual = new byte[_performer.ContentSize];
        ScriptProcess process = Living(check.Process);
        (_, _, ulong pages) = Stretch(process, check.Pages);
        RequireContents(check.Pages, check.Pattern, CountOf(check.Pages, pages));
        foreach ((ulong page, ulong address, ulong index) in Each(process, check.Pages))
        {
            ulong content = check.Pattern.At(index);
            ScriptContent.Fill(expected, content);
            _performer.Peek(process.Number, address, actual);
            RequireEqual(
                expected, actual, check.Pages.Region.Position, $"{check.Process} {check.Pages.Region}[{page}]", content);
        }
    }

    private void CheckPinned(Operation.ExpectPinned check)
    {
        if (!_pins.TryGetValue((check.Process.Text, check.Page.Region.Text), out Dictionary<ulong, Stack<int>>? pinned)
            || !pinned.TryGetValue(check.Page.Page, out Stack<int>? pins))
        {
            throw Bad(check.Page.Region.Position, $"{check.Process} {ScriptPrinter.Of(check.Page)} is not pinned");
        }

        byte[] expected = new byte[_performer.ContentSize];
        byte[] actual = new byte[_performer.ContentSize];
        ScriptContent.Fill(expected, check.Content);
        _performer.PeekPinned(pins.Peek(), actual);
        RequireEqual(
            expected, actual, check.Page.Region.Position, $"the pin of {check.Process} {ScriptPrinter.Of(check.Page)}",
            check.Content);
    }

    private void RequireEqual(byte[] expected, byte[] actual, SourcePosition position, string what, ulong content)
    {
        int same = expected.AsSpan().CommonPrefixLength(actual);
        if (same < expected.Length)
        {
            throw Fail(
                ScriptOutcome.ExpectationFailed, position,
                $"expected {what} to hold content {content}; byte {same} is 0x{actual[same]:x2}, not 0x{expected[same]:x2}");
        }

        ExpectationsHeld++;
    }

    private void CheckBytes(Operation.ExpectBytes check)
    {
        ScriptProcess process = Living(check.Process);
        ulong pageSize = (ulong)_performer.PageSize;
        ulong address = AddressOf(process, check.Place);
        byte[] content = new byte[_performer.ContentSize];
        if (content.Length < (int)pageSize)
        {
            throw PerformerException.Impossible("this machine keeps fingerprints (machine content=page keeps bytes)");
        }

        ulong loaded = ulong.MaxValue;
        for (int i = 0; i < check.Bytes.Count; i++, address++)
        {
            ulong offset = address % pageSize;
            if (loaded != address - offset)
            {
                loaded = address - offset;
                Touch(1);
                _performer.Peek(process.Number, loaded, content);
            }

            if (content[offset] != check.Bytes[i])
            {
                throw Fail(
                    ScriptOutcome.ExpectationFailed, check.Place.Page.Region.Position,
                    $"expected byte {i} of {check.Process} {ScriptPrinter.Of(check.Place.Page)}+{check.Place.Offset} "
                    + $"to be 0x{check.Bytes[i]:x2}, is 0x{content[offset]:x2}");
            }
        }

        ExpectationsHeld++;
    }

    private void CheckFrame(Operation.ExpectFrame check)
    {
        ulong left = FrameOf(check.Left);
        ulong right = FrameOf(check.Right);
        if (left == right != check.Same)
        {
            throw Fail(
                ScriptOutcome.ExpectationFailed, check.Left.Holder.Position,
                check.Same
                    ? $"expected the same frame, are 0x{left:x} and 0x{right:x}"
                    : $"expected other frames, both are 0x{left:x}");
        }

        ExpectationsHeld++;
    }

    private string? CheckState(int process, ulong address, PageState isState, PageState isNot)
    {
        PageState actual = _performer.StateAt(process, address, isState | isNot) & (isState | isNot);
        return actual == isState
            ? null
            : $"{Words.Describe(isState, isNot)}, is {Words.Describe(actual, (isState | isNot) & ~actual)}";
    }

    private string? CheckVma(int process, ulong address, Operation.ExpectVma check)
    {
        IReadOnlyCollection<string> flags = _performer.VmaFlagsAt(process, address);
        foreach (string flag in check.Has)
        {
            if (!flags.Contains(flag, StringComparer.Ordinal))
            {
                return $"VMA flag {flag}, has {string.Join(' ', flags)}";
            }
        }

        foreach (string flag in check.HasNot)
        {
            if (flags.Contains(flag, StringComparer.Ordinal))
            {
                return $"no VMA flag {flag}, has {string.Join(' ', flags)}";
            }
        }

        return null;
    }

    private void CheckEvents(Operation.ExpectEvents check)
    {
        IReadOnlyList<ScriptEvent> seen = _performer.TakeEvents();
        for (int i = 0; i < Math.Max(seen.Count, check.Events.Count); i++)
        {
            if (i == seen.Count || i == check.Events.Count || !Matches(check.Position, check.Events[i], seen[i]))
            {
                string expected = i < check.Events.Count ? ScriptPrinter.Of(check.Events[i]) : "no more events";
                string actual = i < seen.Count ? ScriptPrinter.Of(new ExpectedEvent(seen[i].EventName, seen[i].Fields)) : "missing";
                throw Fail(
                    ScriptOutcome.ExpectationFailed, check.Position, $"expected event {i} to be {expected}, is {actual}");
            }
        }

        ExpectationsHeld++;
    }

    private bool Matches(SourcePosition position, ExpectedEvent expected, ScriptEvent seen)
    {
        if (!string.Equals(expected.EventName, seen.EventName, StringComparison.Ordinal))
        {
            return false;
        }

        foreach (EventField field in expected.Fields)
        {
            CounterValue value = field.Value switch
            {
                { Word: null } => field.Value,
                { Word: ['@', .. string frame] } =>
                    CounterValue.Of((long)FrameOf(new FramePlace(new Name(frame, position), null))),
                { Word: { } process } => CounterValue.Of(Find(new Name(process, position)).Number),
            };
            if (!seen.Fields.Any(actual => string.Equals(actual.Field, field.Field, StringComparison.Ordinal)
                && actual.Value == value))
            {
                return false;
            }
        }

        return true;
    }

    // Checks pages one by one; the check returns what was expected and what is, or null.
    private void OnPages(Name name, PageRange range, Func<int, ulong, string?> check)
    {
        ScriptProcess process = Living(name);
        foreach ((ulong page, ulong address, _) in Each(process, range))
        {
            if (check(process.Number, address) is { } difference)
            {
                throw Fail(
                    ScriptOutcome.ExpectationFailed, range.Region.Position,
                    $"{name} {range.Region}[{page}]: expected {difference}");
            }
        }

        ExpectationsHeld++;
    }
}
