using System;

namespace FastKsm.Cli.Output.Html;

/// <summary>
/// A bar within a row of a table: how a figure compares to the largest of its column, which stands beside it.
/// </summary>
internal static class Bars
{
    /// <summary>Writes the cell.</summary>
    /// <param name="html">Receives it.</param>
    /// <param name="value">The figure; what is below zero has no bar.</param>
    /// <param name="most">The largest of the column.</param>
    /// <param name="kind">Class of its column.</param>
    internal static void Cell(HtmlWriter html, double value, double most, string kind = "bar")
    {
        double width = most > 0 ? Math.Clamp(value / most * 100, 0, 100) : 0;
        _ = html.Open("td", ("class", kind))
            .Open("svg", ("viewBox", "0 0 100 10"), ("preserveAspectRatio", "none"), ("aria-hidden", "true"))
            .Empty("rect", ("class", "track"), ("width", "100"), ("height", "10"))
            .Empty("rect", ("class", "merged"), ("width", Plot.Number(width)), ("height", "10"))
            .Close().Close();
    }
}
