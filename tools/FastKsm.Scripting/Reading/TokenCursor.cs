using System;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Reading;

/// <summary>Reads the parts of one word, from left to right: <c>heap</c> <c>[</c> <c>4</c> <c>..</c> <c>7</c> <c>]</c>.</summary>
internal ref struct TokenCursor
{
    private readonly LineReader _line;
    private readonly Token _token;
    private readonly string _expected;
    private int _index;

    /// <param name="line">Whose word it is.</param>
    /// <param name="token">The word.</param>
    /// <param name="expected">What the whole word is to be, for messages.</param>
    /// <param name="index">First character to read.</param>
    internal TokenCursor(LineReader line, Token token, string expected, int index = 0)
    {
        _line = line;
        _token = token;
        _expected = expected;
        _index = index;
    }

    /// <summary>Where the cursor stands.</summary>
    internal readonly SourcePosition Position => _token.At(_index);

    /// <summary>What has not been read.</summary>
    internal readonly ReadOnlySpan<char> Rest => _token.Text.AsSpan(_index);

    /// <summary>Skips a text if it comes next.</summary>
    internal bool TrySkip(ReadOnlySpan<char> text)
    {
        bool found = Rest.StartsWith(text);
        _index += found ? text.Length : 0;
        return found;
    }

    /// <summary>Skips a text that must come next.</summary>
    internal void Skip(ReadOnlySpan<char> text)
    {
        if (!TrySkip(text))
        {
            throw Unexpected();
        }
    }

    /// <summary>Skips the rest, which is known to be good.</summary>
    internal void SkipAll() => _index = _token.Text.Length;

    /// <summary>Reads a name.</summary>
    internal Name Name()
    {
        SourcePosition position = Position;
        ReadOnlySpan<char> rest = Rest;
        int length = 0;
        while (length < rest.Length && IsNamePart(rest[length], length))
        {
            length++;
        }

        if (length == 0)
        {
            throw Unexpected();
        }

        if (length > Syntax.Name.MaxLength)
        {
            throw _line.Error(position, $"a name has at most {Syntax.Name.MaxLength} characters, this one has {length}");
        }

        _index += length;
        return new Name(rest[..length].ToString(), position);
    }

    /// <summary>Reads a number within a range.</summary>
    /// <param name="what">What it counts, for the message.</param>
    /// <param name="least">Smallest number allowed.</param>
    /// <param name="most">Largest number allowed.</param>
    internal ulong Number(string what, ulong least, ulong most)
    {
        SourcePosition position = Position;
        int length = Numbers.Read(Rest, out ulong value, out bool fits);
        if (length == 0)
        {
            throw Unexpected();
        }

        if (!fits || value < least || value > most)
        {
            throw _line.Expected(position, $"{what} from {least} to {most}", Rest[..length]);
        }

        _index += length;
        return value;
    }

    /// <summary>Reads a number that may be negative, within a range.</summary>
    /// <param name="what">What it counts, for the message.</param>
    /// <param name="least">Smallest number allowed; negative.</param>
    /// <param name="most">Largest number allowed.</param>
    internal long Signed(string what, long least, long most)
    {
        ReadOnlySpan<char> all = Rest;
        SourcePosition position = Position;
        bool negative = TrySkip("-");
        int length = Numbers.Read(Rest, out ulong magnitude, out bool fits);
        if (length == 0)
        {
            throw Unexpected();
        }

        ulong largest = negative ? unchecked((ulong)-least) : (ulong)most;
        if (!fits || magnitude > largest)
        {
            throw _line.Expected(position, $"{what} from {least} to {most}", all[..(length + (negative ? 1 : 0))]);
        }

        _index += length;
        return negative ? unchecked(-(long)magnitude) : (long)magnitude;
    }

    /// <summary>Refuses characters that are left over.</summary>
    internal readonly void End()
    {
        if (_index < _token.Text.Length)
        {
            throw Unexpected();
        }
    }

    /// <summary>The error that what comes next is not what belongs there.</summary>
    internal readonly ScriptException Unexpected() => _line.Expected(Position, _expected, _token.Text);

    private static bool IsNamePart(char c, int index) =>
        char.IsAsciiLetter(c) || c == '_' || (index > 0 && (char.IsAsciiDigit(c) || c == '-'));
}
