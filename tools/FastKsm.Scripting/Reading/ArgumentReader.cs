using System;
using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Reading;

/// <summary>Reads the kinds of argument that operations share.</summary>
/// <remarks>Thread safety: none; it lives as long as one line is read.</remarks>
internal sealed class ArgumentReader
{
    private const string RangeForm = "pages (REGION, REGION[N], REGION[N..M] or REGION[N..M:STEP])";
    private const string PlaceForm = "a page (REGION[N])";
    private const string ByteForm = "a byte (REGION[N]+OFFSET)";
    private const string TargetForm = "an address, a page (REGION[N]) or any";
    private const string FrameForm = "a process, or a remembered frame (@NAME)";
    private const string ContentForm = "a content number from 0 to 18446744073709551615";
    private const string DurationForm = "a duration from 0s to 8760h, such as 250ms or 9.697s";
    private const int FractionDigits = 9;

    private readonly LineReader _line;

    /// <param name="line">Whose words are read.</param>
    internal ArgumentReader(LineReader line) => _line = line;

    /// <summary>The words.</summary>
    internal LineReader Line => _line;

    /// <summary>A name of something.</summary>
    internal Name Name(string what)
    {
        string form = $"{what} (a letter or _, then letters, digits, _ and -)";
        TokenCursor cursor = new(_line, _line.Next(what), form);
        Name name = cursor.Name();
        cursor.End();
        return name;
    }

    /// <summary>A process.</summary>
    internal Name Process() => Name("a process");

    /// <summary>Pages of a region.</summary>
    internal PageRange Pages()
    {
        TokenCursor cursor = new(_line, _line.Next(RangeForm), RangeForm);
        Name region = cursor.Name();
        if (cursor.Rest.IsEmpty)
        {
            return new PageRange(region, null);
        }

        cursor.Skip("[");
        ulong first = Index(ref cursor);
        ulong last = first;
        ulong step = 1;
        if (cursor.TrySkip(".."))
        {
            last = cursor.Number("a last page", first, ScriptLimits.MaxPages - 1);
            step = cursor.TrySkip(":") ? cursor.Number("a step", 1, ScriptLimits.MaxPages) : 1;
        }

        cursor.Skip("]");
        cursor.End();
        return new PageRange(region, new PageSelection(first, last, step));
    }

    /// <summary>One page of a region.</summary>
    internal PagePlace Place()
    {
        TokenCursor cursor = new(_line, _line.Next(PlaceForm), PlaceForm);
        PagePlace place = Place(ref cursor);
        cursor.End();
        return place;
    }

    /// <summary>Whether the next word is a byte of a page.</summary>
    internal bool ComesByte() => _line.HasMore && _line.Peek().Text.Contains('+', StringComparison.Ordinal);

    /// <summary>A byte of a page.</summary>
    internal BytePlace Byte()
    {
        TokenCursor cursor = new(_line, _line.Next(ByteForm), ByteForm);
        PagePlace place = Place(ref cursor);
        cursor.Skip("+");
        uint offset = (uint)cursor.Number("an offset", 0, ScriptLimits.MaxOffset);
        cursor.End();
        return new BytePlace(place, offset);
    }

    /// <summary>A frame.</summary>
    internal FramePlace Frame()
    {
        TokenCursor cursor = new(_line, _line.Next(FrameForm), FrameForm);
        bool remembered = cursor.TrySkip("@");
        Name holder = cursor.Name();
        cursor.End();
        return new FramePlace(holder, remembered ? null : Place());
    }

    /// <summary>All bytes up to the end of the line.</summary>
    internal ValueList<byte> Bytes()
    {
        List<byte> bytes = [(byte)Number("a byte", 0, byte.MaxValue)];
        while (_line.HasMore)
        {
            bytes.Add((byte)Number("a byte", 0, byte.MaxValue));
        }

        return [.. bytes];
    }

    /// <summary>A number.</summary>
    internal ulong Number(string what, ulong least, ulong most)
    {
        string form = $"{what} from {least} to {most}";
        TokenCursor cursor = new(_line, _line.Next(form), form);
        ulong value = cursor.Number(what, least, most);
        cursor.End();
        return value;
    }

    /// <summary>A number of pages.</summary>
    internal ulong PageCount(ulong least = 1) => Number("a number of pages", least, ScriptLimits.MaxPages);

    /// <summary>The number of a content.</summary>
    internal ulong Content()
    {
        TokenCursor cursor = new(_line, _line.Next(ContentForm), ContentForm);
        ulong content = cursor.Number("a content number", 0, ulong.MaxValue);
        cursor.End();
        return content;
    }

    /// <summary>Contents of several pages.</summary>
    /// <param name="mayBeBare">Whether a number alone means the same for each.</param>
    internal ContentPattern Pattern(bool mayBeBare)
    {
        if (_line.TryTake("unique"))
        {
            return new ContentPattern(IsUnique: true, Content());
        }

        if (!_line.TryTake("same") && !mayBeBare)
        {
            throw _line.Expected(_line.Next("same or unique"), "same or unique");
        }

        return new ContentPattern(IsUnique: false, Content());
    }

    /// <summary>A word of a table.</summary>
    internal T Word<T>(WordTable<T> words, string what)
        where T : notnull
    {
        string form = $"{what} ({words.Allowed})";
        Token token = _line.Next(form);
        return words.TryFind(token.Text, out T value) ? value : throw _line.Expected(token, form);
    }

    /// <summary>A duration.</summary>
    internal Duration Duration()
    {
        Token token = _line.Next(DurationForm);
        TokenCursor cursor = new(_line, token, DurationForm);
        UInt128 scaled = cursor.Number("whole units", 0, Syntax.Duration.MaxNanoseconds);
        UInt128 divisor = 1;
        if (cursor.TrySkip("."))
        {
            ReadOnlySpan<char> rest = cursor.Rest;
            int digits = 0;
            while (digits < rest.Length && char.IsAsciiDigit(rest[digits]))
            {
                scaled = (scaled * 10) + (uint)(rest[digits] - '0');
                divisor *= 10;
                digits++;
                if (digits > FractionDigits)
                {
                    throw _line.Expected(token, $"at most {FractionDigits} digits behind the point");
                }
            }

            if (digits == 0)
            {
                throw cursor.Unexpected();
            }

            cursor.Skip(rest[..digits]);
        }

        if (!Words.Units.TryFind(cursor.Rest, out long unit))
        {
            throw _line.Expected(cursor.Position, $"a unit ({Words.Units.Allowed})", cursor.Rest);
        }

        UInt128 nanoseconds = scaled * (UInt128)unit;
        return nanoseconds % divisor == 0 && nanoseconds / divisor <= Syntax.Duration.MaxNanoseconds
            ? new Duration((long)(nanoseconds / divisor))
            : throw _line.Expected(token, $"{DurationForm}, in whole nanoseconds");
    }

    /// <summary>Where a mapping goes: the rest of a word.</summary>
    internal Target Target(Token token, int index)
    {
        TokenCursor cursor = new(_line, token, TargetForm, index);
        Target target;
        if (cursor.Rest.SequenceEqual("any"))
        {
            return Syntax.Target.Any;
        }

        if (!cursor.Rest.IsEmpty && char.IsAsciiDigit(cursor.Rest[0]))
        {
            target = new Target(cursor.Number("an address", 0, ulong.MaxValue), null);
        }
        else
        {
            target = new Target(null, Place(ref cursor));
        }

        cursor.End();
        return target;
    }

    private static PagePlace Place(ref TokenCursor cursor)
    {
        Name region = cursor.Name();
        cursor.Skip("[");
        ulong index = Index(ref cursor);
        cursor.Skip("]");
        return new PagePlace(region, index);
    }

    private static ulong Index(ref TokenCursor cursor) => cursor.Number("a page index", 0, ScriptLimits.MaxPages - 1);
}
