namespace FastKsm.Scripting.Syntax;

/// <summary>One counter of a <c>print</c>.</summary>
/// <param name="Counter">Which counter.</param>
/// <param name="Position">Where it stands; no part of its identity.</param>
public sealed record PrintedCounter(CounterName Counter, SourcePosition Position)
{
    /// <inheritdoc/>
    public bool Equals(PrintedCounter? other) => other is not null && Counter == other.Counter;

    /// <inheritdoc/>
    public override int GetHashCode() => Counter.GetHashCode();
}
