using System;

namespace FastKsm.Scripting.Syntax;

/// <summary>A value for a file of <c>/sys/kernel/mm/ksm</c>, passed on as it stands, because Linux refuses what we might accept.</summary>
/// <param name="Knob">Name of the file.</param>
/// <param name="Value">What is written to it; may be empty.</param>
/// <param name="Position">Where it stands; no part of its identity.</param>
public sealed record KnobSetting(string Knob, string Value, SourcePosition Position)
{
    /// <inheritdoc/>
    public bool Equals(KnobSetting? other) =>
        other is not null && string.Equals(Knob, other.Knob, StringComparison.Ordinal)
        && string.Equals(Value, other.Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Knob, Value);
}
