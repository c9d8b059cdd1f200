using System;
using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Reading;

/// <summary>Reads options: words and <c>name=value</c>, in any order, each once.</summary>
/// <remarks>Thread safety: none; it lives as long as one line is read.</remarks>
internal sealed class OptionReader
{
    private readonly ArgumentReader _arguments;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private Token _token;
    private int _valueAt;

    /// <param name="arguments">Whose words are read.</param>
    internal OptionReader(ArgumentReader arguments) => _arguments = arguments;

    /// <summary>The option at hand: its word, or its name with the equals sign.</summary>
    internal string Key { get; private set; } = string.Empty;

    /// <summary>Goes on to the next option.</summary>
    internal bool Next()
    {
        if (!_arguments.Line.HasMore)
        {
            return false;
        }

        _token = _arguments.Line.Next("an option");
        _valueAt = _token.Text.IndexOf('=', StringComparison.Ordinal) + 1;
        Key = _valueAt == 0 ? _token.Text : _token.Text[.._valueAt];
        Once(Key);
        return true;
    }

    /// <summary>Refuses a second option of a kind.</summary>
    /// <param name="kind">Options of the same kind exclude each other.</param>
    internal void Once(string kind)
    {
        if (!_seen.Add(kind))
        {
            throw _arguments.Line.Error(_token.Position, $"{Quote.Of(kind)} is given twice");
        }
    }

    /// <summary>The value: a number.</summary>
    internal ulong Number(string what, ulong least, ulong most)
    {
        TokenCursor cursor = Value($"{what} from {least} to {most}");
        ulong value = cursor.Number(what, least, most);
        cursor.End();
        return value;
    }

    /// <summary>The value: a number that may be negative.</summary>
    internal int Signed(string what, int least, int most)
    {
        TokenCursor cursor = Value($"{what} from {least} to {most}");
        int value = (int)cursor.Signed(what, least, most);
        cursor.End();
        return value;
    }

    /// <summary>The value: a number of a CPU or node.</summary>
    internal int Unit(string what) => (int)Number(what, 0, ScriptLimits.MaxUnit);

    /// <summary>The value: a name.</summary>
    internal Name Name(string what)
    {
        TokenCursor cursor = Value(what);
        Name name = cursor.Name();
        cursor.End();
        return name;
    }

    /// <summary>The value: where a mapping goes.</summary>
    internal Target Target() => _arguments.Target(_token, _valueAt);

    /// <summary>The value: a word of a table.</summary>
    internal T Word<T>(WordTable<T> words, string what)
        where T : notnull =>
        words.TryFind(_token.Text.AsSpan(_valueAt), out T value)
            ? value
            : throw _arguments.Line.Expected(_token.At(_valueAt), $"{what} ({words.Allowed})", _token.Text.AsSpan(_valueAt));

    /// <summary>The value: a number of pages, or <c>none</c>.</summary>
    internal ulong? PagesOrNone() => _token.Text.AsSpan(_valueAt).SequenceEqual("none")
        ? null
        : Number("a number of pages, or none,", 0, ScriptLimits.MaxPages);

    /// <summary>The value: slots and runs of slots, <c>5,6,700..702</c>.</summary>
    internal ValueList<PageSelection> Slots()
    {
        TokenCursor cursor = Value("slots (N or N..M, separated by commas)");
        List<PageSelection> slots = [];
        do
        {
            ulong first = cursor.Number("a slot", 0, ScriptLimits.MaxPages - 1);
            ulong last = cursor.TrySkip("..") ? cursor.Number("a last slot", first, ScriptLimits.MaxPages - 1) : first;
            slots.Add(new PageSelection(first, last));
        }
        while (cursor.TrySkip(","));
        cursor.End();
        return [.. slots];
    }

    /// <summary>Refuses the option at hand.</summary>
    /// <param name="allowed">What is allowed here.</param>
    internal ScriptException Unknown(string allowed) => _arguments.Line.Expected(_token, $"an option ({allowed})");

    private TokenCursor Value(string expected) => new(_arguments.Line, _token, expected, _valueAt);
}
