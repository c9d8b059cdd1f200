using System;
using System.Collections.Generic;

namespace FastKsm.Scripting.Reading;

/// <summary>The words of one line, from left to right, and the errors that can be found in them.</summary>
/// <remarks>Thread safety: none; it lives as long as one line is read.</remarks>
internal sealed class LineReader
{
    private readonly string _file;
    private readonly IReadOnlyList<Token> _tokens;
    private readonly SourcePosition _end;
    private int _next;

    /// <param name="file">Name of the script.</param>
    /// <param name="tokens">The words.</param>
    /// <param name="end">Position behind the last of them.</param>
    internal LineReader(string file, IReadOnlyList<Token> tokens, SourcePosition end)
    {
        _file = file;
        _tokens = tokens;
        _end = end;
    }

    /// <summary>How the operation is written; stands in every message. Empty before it is known.</summary>
    internal string Usage { get; set; } = string.Empty;

    /// <summary>Whether a word is left.</summary>
    internal bool HasMore => _next < _tokens.Count;

    /// <summary>Takes the next word.</summary>
    /// <param name="expected">What it is to be, for the message if there is none.</param>
    internal Token Next(string expected) =>
        HasMore ? _tokens[_next++] : throw Error(_end, $"the line ends where {expected} is expected");

    /// <summary>The next word, which stays.</summary>
    internal Token Peek() => _tokens[_next];

    /// <summary>Takes the next word if it is this one.</summary>
    internal bool TryTake(string word)
    {
        if (!HasMore || !string.Equals(_tokens[_next].Text, word, StringComparison.Ordinal))
        {
            return false;
        }

        _next++;
        return true;
    }

    /// <summary>Refuses words that are left over.</summary>
    internal void End()
    {
        if (HasMore)
        {
            throw Error(_tokens[_next].Position, $"expected the end of the line but read {Quote.Of(_tokens[_next].Text)}");
        }
    }

    /// <summary>An error at a word.</summary>
    internal ScriptException Expected(Token token, string expected) => Expected(token.Position, expected, token.Text);

    /// <summary>An error within a word.</summary>
    internal ScriptException Expected(SourcePosition position, string expected, ReadOnlySpan<char> read) =>
        Error(position, $"expected {expected} but read {Quote.Of(read)}");

    /// <summary>An error with how to write it right.</summary>
    internal ScriptException Error(SourcePosition position, string detail) => new(
        ScriptOutcome.BadScript, _file, position, Usage.Length == 0 ? detail : $"{detail} (usage: {Usage})");
}
