using System;

namespace FastKsm.Scripting.Syntax;

/// <summary>What a script calls a process, region, group, device or remembered frame.</summary>
/// <param name="Text">A letter or underscore, then letters, digits, underscores and hyphens; at most 64.</param>
/// <param name="Position">Where it stands; no part of its identity.</param>
public readonly record struct Name(string Text, SourcePosition Position)
{
    /// <summary>Longest name, in characters.</summary>
    public const int MaxLength = 64;

    /// <inheritdoc/>
    public bool Equals(Name other) => string.Equals(Text, other.Text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
