using System;
using System.Globalization;

namespace FastKsm.Cli.Scenarios;

/// <summary>A figure or a word in a table.</summary>
/// <param name="Text">As people see it.</param>
/// <param name="Number">The figure as programs see it, not rounded; null for a word.</param>
internal readonly record struct ScenarioCell(string Text, double? Number)
{
    /// <summary>A word.</summary>
    public static implicit operator ScenarioCell(string word) => new(word, null);

    /// <summary>A count; exact up to 2^53.</summary>
    public static implicit operator ScenarioCell(long count) => Of(count, decimals: 0);

    /// <summary>A figure.</summary>
    /// <param name="value">Its value.</param>
    /// <param name="decimals">Digits after the point when it is shown to people.</param>
    /// <param name="unit">What follows it when it is shown to people.</param>
    internal static ScenarioCell Of(double value, int decimals, string unit = "") =>
        new(value.ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + unit, value);

    /// <summary>A change, shown in percent with its sign; programs see it as a share.</summary>
    /// <param name="before">Value before; from 0 there is no such share.</param>
    /// <param name="after">Value after.</param>
    internal static ScenarioCell Change(double before, double after)
    {
        if (before == 0)
        {
            return "-";
        }

        double share = (after - before) / Math.Abs(before);
        return new(string.Create(CultureInfo.InvariantCulture, $"{share * 100:+0.0;-0.0;0.0} %"), share);
    }
}
