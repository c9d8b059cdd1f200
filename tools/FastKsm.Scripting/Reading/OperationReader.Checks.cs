using System;
using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Reading;

/// <content>Checks.</content>
internal static partial class OperationReader
{
    private const string ConditionForm = "a condition ([PROCESS.[REGION.]]COUNTER=VALUE, or with !=, <, <=, >, >=)";
    private const string CounterForm = "a counter ([PROCESS.[REGION.]]COUNTER)";
    private const string ValueForm = "a number or a word";
    private const string EventForm = "an event (EVENT or EVENT(FIELD=VALUE,…))";
    private const string FlagForm = "a flag of smaps, two small letters, or ! and a flag";
    private const string FlushForm = "flush operations ([N*][local:]r(STRIDES) or [N*][local:]F)";
    private const ulong MaxStrides = 1UL << 36;
    private const int MaxFlushes = 1_000_000;
    private const int MaxMapCount = int.MaxValue;

    private static Operation? ReadCheck(Token keyword, ArgumentReader a)
    {
        SourcePosition at = keyword.Position;
        return keyword.Text switch
        {
            "expect" => new Operation.Expect(at, ReadConditions(a)),
            "print" => new Operation.Print(at, ReadPrintedCounters(a)),
            "expect-bytes" => ReadExpectBytes(at, a),
            "expect-pinned" => new Operation.ExpectPinned(at, a.Process(), a.Place(), a.Content()),
            "remember-frame" => new Operation.RememberFrame(at, a.Name("a frame"), a.Process(), a.Place()),
            "expect-same-frame" => new Operation.ExpectFrame(at, a.Frame(), a.Frame(), Same: true),
            "expect-other-frame" => new Operation.ExpectFrame(at, a.Frame(), a.Frame(), Same: false),
            "expect-mapcount" => new Operation.ExpectMapCount(
                at, a.Process(), a.Pages(), (int)a.Number("a map count", 0, MaxMapCount)),
            "expect-zero-frame" => new Operation.ExpectZeroFrame(at, a.Process(), a.Pages()),
            "expect-page" => ReadExpectPage(at, a),
            "expect-vma" => ReadExpectVma(at, a),
            "expect-events" => new Operation.ExpectEvents(at, ReadEvents(a)),
            "expect-flushes" => new Operation.ExpectFlushes(at, a.Process(), ReadFlushes(a)),
            "expect-error" => ReadExpectError(at, a),
            _ => null,
        };
    }

    /// <summary>Whether an operation only looks.</summary>
    internal static bool IsCheck(Operation operation) => operation is Operation.Expect or Operation.ExpectContent
        or Operation.ExpectBytes or Operation.ExpectPinned or Operation.RememberFrame or Operation.ExpectFrame
        or Operation.ExpectMapCount or Operation.ExpectZeroFrame or Operation.ExpectPage or Operation.ExpectVma
        or Operation.ExpectEvents or Operation.ExpectFlushes or Operation.ExpectError or Operation.Print;

    private static Operation ReadExpectBytes(SourcePosition at, ArgumentReader arguments)
    {
        Name process = arguments.Process();
        return arguments.ComesByte()
            ? new Operation.ExpectBytes(at, process, arguments.Byte(), arguments.Bytes())
            : new Operation.ExpectContent(at, process, arguments.Pages(), arguments.Pattern(mayBeBare: true));
    }

    private static Operation.ExpectError ReadExpectError(SourcePosition at, ArgumentReader arguments)
    {
        string form = $"an error ({Words.Errors.Allowed})";
        Token error = arguments.Line.Next(form);
        if (!Words.Errors.TryFind(error.Text, out _))
        {
            throw arguments.Line.Expected(error, form);
        }

        if (!arguments.Line.HasMore)
        {
            _ = arguments.Line.Next("an operation");
        }

        if (string.Equals(arguments.Line.Peek().Text, "expect-error", StringComparison.Ordinal))
        {
            throw arguments.Line.Error(arguments.Line.Peek().Position, "expect-error cannot contain itself");
        }

        Operation refused = Read(arguments.Line);
        return IsCheck(refused) || refused is Operation.Machine
            ? throw arguments.Line.Error(refused.Position, "expect-error takes an operation that does something")
            : new Operation.ExpectError(at, error.Text, refused);
    }

    private static ValueList<CounterExpectation> ReadConditions(ArgumentReader arguments)
    {
        List<CounterExpectation> conditions = [];
        do
        {
            Token token = arguments.Line.Next(ConditionForm);
            TokenCursor cursor = new(arguments.Line, token, ConditionForm);
            CounterName counter = ReadCounterName(ref cursor);
            Relation relation = ReadRelation(ref cursor);
            SourcePosition valueAt = cursor.Position;
            CounterValue value = ReadValue(arguments.Line, token, cursor.Rest.Length);
            if (value.Word is not null && relation is not (Relation.Equal or Relation.NotEqual))
            {
                throw arguments.Line.Expected(valueAt, "a number, as words have no order,", value.Word);
            }

            conditions.Add(new CounterExpectation(counter, relation, value, token.Position));
        }
        while (arguments.Line.HasMore);
        return [.. conditions];
    }

    private static ValueList<PrintedCounter> ReadPrintedCounters(ArgumentReader arguments)
    {
        List<PrintedCounter> counters = [];
        do
        {
            Token token = arguments.Line.Next(CounterForm);
            TokenCursor cursor = new(arguments.Line, token, CounterForm);
            CounterName counter = ReadCounterName(ref cursor);
            cursor.End();
            counters.Add(new PrintedCounter(counter, token.Position));
        }
        while (arguments.Line.HasMore);
        return [.. counters];
    }

    private static CounterName ReadCounterName(ref TokenCursor cursor)
    {
        Name first = cursor.Name();
        if (!cursor.TrySkip("."))
        {
            return new CounterName(null, null, first.Text);
        }

        Name second = cursor.Name();
        return cursor.TrySkip(".")
            ? new CounterName(first, second, cursor.Name().Text)
            : new CounterName(first, null, second.Text);
    }

    private static Relation ReadRelation(ref TokenCursor cursor)
    {
        foreach (string sign in Words.Relations.All)
        {
            if (cursor.TrySkip(sign))
            {
                _ = Words.Relations.TryFind(sign, out Relation relation);
                return relation;
            }
        }

        throw cursor.Unexpected();
    }

    // Reads the last characters of a word.
    private static CounterValue ReadValue(LineReader line, Token token, int length)
    {
        TokenCursor cursor = new(line, token, ValueForm, token.Text.Length - length);
        CounterValue value = ReadValue(ref cursor);
        cursor.End();
        return value;
    }

    private static CounterValue ReadValue(ref TokenCursor cursor)
    {
        ReadOnlySpan<char> rest = cursor.Rest;
        if (rest.IsEmpty || char.IsAsciiLetter(rest[0]) || rest[0] is '_' or '@')
        {
            bool remembered = cursor.TrySkip("@");
            string word = cursor.Name().Text;
            return new CounterValue(0, remembered ? "@" + word : word);
        }

        return CounterValue.Of(cursor.Signed("a number", long.MinValue, long.MaxValue));
    }

    private static ValueList<ExpectedEvent> ReadEvents(ArgumentReader arguments)
    {
        List<ExpectedEvent> events = [];
        if (arguments.Line.TryTake("none"))
        {
            return [];
        }

        do
        {
            TokenCursor cursor = new(arguments.Line, arguments.Line.Next(EventForm), EventForm);
            string name = cursor.Name().Text;
            List<EventField> fields = [];
            if (cursor.TrySkip("("))
            {
                do
                {
                    string field = cursor.Name().Text;
                    cursor.Skip("=");
                    fields.Add(new EventField(field, ReadValue(ref cursor)));
                }
                while (cursor.TrySkip(","));
                cursor.Skip(")");
            }

            cursor.End();
            events.Add(new ExpectedEvent(name, [.. fields]));
        }
        while (arguments.Line.HasMore);
        return [.. events];
    }

    private static ValueList<FlushRun> ReadFlushes(ArgumentReader arguments)
    {
        List<FlushRun> runs = [];
        if (arguments.Line.TryTake("none"))
        {
            return [];
        }

        do
        {
            TokenCursor cursor = new(arguments.Line, arguments.Line.Next(FlushForm), FlushForm);
            int count = 1;
            if (!cursor.Rest.IsEmpty && char.IsAsciiDigit(cursor.Rest[0]))
            {
                count = (int)cursor.Number("a number of flush operations", 1, MaxFlushes);
                cursor.Skip("*");
            }

            bool isRemote = !cursor.TrySkip("local:");
            long strides = FlushOperation.All;
            if (!cursor.TrySkip("F"))
            {
                cursor.Skip("r(");
                strides = (long)cursor.Number("a number of strides", 0, MaxStrides);
                cursor.Skip(")");
            }

            cursor.End();
            runs.Add(new FlushRun(new FlushOperation(strides, isRemote), count));
        }
        while (arguments.Line.HasMore);
        return [.. runs];
    }

    private static Operation.ExpectPage ReadExpectPage(SourcePosition at, ArgumentReader arguments)
    {
        Name process = arguments.Process();
        PageRange pages = arguments.Pages();
        string form = $"a state, or ! and a state ({Words.States.Allowed})";
        PageState isState = PageState.None;
        PageState isNot = PageState.None;
        do
        {
            Token token = arguments.Line.Next(form);
            bool negated = token.Text[0] == '!';
            if (!Words.States.TryFind(token.Text.AsSpan(negated ? 1 : 0), out PageState state))
            {
                throw arguments.Line.Expected(token, form);
            }

            if (((isState | isNot) & state) != PageState.None)
            {
                throw arguments.Line.Error(token.Position, $"{Quote.Of(Words.States.WordOf(state))} is given twice");
            }

            isState |= negated ? PageState.None : state;
            isNot |= negated ? state : PageState.None;
        }
        while (arguments.Line.HasMore);
        return new Operation.ExpectPage(at, process, pages, isState, isNot);
    }

    private static Operation.ExpectVma ReadExpectVma(SourcePosition at, ArgumentReader arguments)
    {
        Name process = arguments.Process();
        PageRange pages = arguments.Pages();
        List<string> has = [];
        List<string> hasNot = [];
        do
        {
            Token token = arguments.Line.Next(FlagForm);
            bool negated = token.Text[0] == '!';
            string flag = negated ? token.Text[1..] : token.Text;
            if (flag.Length != 2 || !char.IsAsciiLetterLower(flag[0]) || !char.IsAsciiLetterLower(flag[1]))
            {
                throw arguments.Line.Expected(token, FlagForm);
            }

            (negated ? hasNot : has).Add(flag);
        }
        while (arguments.Line.HasMore);
        return new Operation.ExpectVma(at, process, pages, [.. has], [.. hasNot]);
    }
}
