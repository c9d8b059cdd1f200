using System;
using System.Collections.Generic;

namespace FastKsm.Scripting.Syntax;

/// <summary>The words of the language for the values of a type: one table for reader and printer.</summary>
/// <typeparam name="T">The values.</typeparam>
internal sealed class WordTable<T>
    where T : notnull
{
    private readonly (string Word, T Value)[] _entries;

    /// <param name="entries">Words and values, each once.</param>
    internal WordTable(params (string Word, T Value)[] entries)
    {
        _entries = entries;
        Allowed = string.Join(", ", Array.ConvertAll(entries, entry => entry.Word));
    }

    /// <summary>All words, for a message.</summary>
    internal string Allowed { get; }

    /// <summary>The words.</summary>
    internal IEnumerable<string> All
    {
        get
        {
            foreach ((string word, _) in _entries)
            {
                yield return word;
            }
        }
    }

    /// <summary>Looks a word up.</summary>
    internal bool TryFind(ReadOnlySpan<char> word, out T value)
    {
        foreach ((string candidate, T found) in _entries)
        {
            if (word.SequenceEqual(candidate))
            {
                value = found;
                return true;
            }
        }

        value = default!;
        return false;
    }

    /// <summary>Whether a value has a word.</summary>
    internal bool Has(T value) => Array.Exists(_entries, entry => EqualityComparer<T>.Default.Equals(entry.Value, value));

    /// <summary>The word for a value that has one.</summary>
    internal string WordOf(T value)
    {
        foreach ((string word, T candidate) in _entries)
        {
            if (EqualityComparer<T>.Default.Equals(candidate, value))
            {
                return word;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(value), value, "There is no word for it.");
    }
}
