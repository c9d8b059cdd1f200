using System.Globalization;

namespace FastKsm.Scripting.Syntax;

/// <summary>What a counter or knob reads as: a number, or a word such as <c>yes</c> or <c>scan-time</c>.</summary>
/// <param name="Number">The number; 0 if it is a word.</param>
/// <param name="Word">The word; null if it is a number.</param>
public readonly record struct CounterValue(long Number, string? Word)
{
    /// <summary>A number.</summary>
    /// <param name="number">The number.</param>
    public static CounterValue Of(long number) => new(number, null);

    /// <summary>Linux's words for a yes-or-no figure.</summary>
    /// <param name="value">Whether it is so.</param>
    public static CounterValue Of(bool value) => new(0, value ? "yes" : "no");

    /// <inheritdoc/>
    public override string ToString() => Word ?? Number.ToString(CultureInfo.InvariantCulture);
}
