using System;

namespace FastKsm.Scripting.Syntax;

/// <summary>Makes <see cref="ValueList{T}"/>s, by collection expressions.</summary>
public static class ValueList
{
    /// <summary>A list with a copy of some elements.</summary>
    /// <typeparam name="T">What it lists.</typeparam>
    /// <param name="items">The elements.</param>
    public static ValueList<T> Create<T>(ReadOnlySpan<T> items) => new(items.ToArray());
}
