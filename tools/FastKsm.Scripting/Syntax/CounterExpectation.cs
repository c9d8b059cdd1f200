using System;

namespace FastKsm.Scripting.Syntax;

/// <summary>One condition of an <c>expect</c>.</summary>
/// <param name="Counter">Which counter.</param>
/// <param name="Relation">How it is to compare.</param>
/// <param name="Value">With what.</param>
/// <param name="Position">Where it stands; no part of its identity.</param>
public sealed record CounterExpectation(CounterName Counter, Relation Relation, CounterValue Value, SourcePosition Position)
{
    /// <inheritdoc/>
    public bool Equals(CounterExpectation? other) =>
        other is not null && Counter == other.Counter && Relation == other.Relation && Value == other.Value;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Counter, Relation, Value);

    /// <summary>Whether a value fulfils the condition.</summary>
    /// <param name="actual">What the counter reads as.</param>
    public bool Holds(CounterValue actual) => Relation switch
    {
        Relation.Equal => actual == Value,
        Relation.NotEqual => actual != Value,
        _ when actual.Word is not null || Value.Word is not null => false,
        Relation.Less => actual.Number < Value.Number,
        Relation.AtMost => actual.Number <= Value.Number,
        Relation.Greater => actual.Number > Value.Number,
        _ => actual.Number >= Value.Number,
    };
}
