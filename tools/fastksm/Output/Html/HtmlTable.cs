using System;

namespace FastKsm.Cli.Output.Html;

/// <summary>A table that scrolls in its own place where the window is narrow.</summary>
internal static class HtmlTable
{
    /// <summary>Opens a table and its body.</summary>
    /// <param name="html">Receives it.</param>
    /// <param name="caption">What it is, for those who do not see it.</param>
    /// <param name="columns">
    /// Heading and class of each column; <c>name</c> is to the left, <c>wide</c> goes where the window is narrow.
    /// </param>
    internal static void Open(HtmlWriter html, string caption, params ReadOnlySpan<(string Heading, string Class)> columns)
    {
        _ = html.Open("div", ("class", "scroll"), ("role", "region"), ("aria-label", caption), ("tabindex", "0"))
            .Open("table").Open("thead").Open("tr");
        foreach ((string heading, string kind) in columns)
        {
            _ = html.Element("th", heading, ("scope", "col"), ("class", kind));
        }

        _ = html.Close().Close().Open("tbody");
    }

    /// <summary>Closes it.</summary>
    internal static void Close(HtmlWriter html) => html.Close().Close().Close();

    /// <summary>A cell.</summary>
    /// <param name="html">Receives it.</param>
    /// <param name="text">Its text; need not be harmless.</param>
    /// <param name="kind">Class of its column; empty for a figure.</param>
    internal static void Cell(HtmlWriter html, string text, string kind = "") =>
        _ = kind.Length == 0 ? html.Element("td", text) : html.Element("td", text, ("class", kind));
}
