using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace FastKsm.Cli.Output.Html;

/// <summary>The colours of a page, for light and for dark surroundings.</summary>
/// <remarks>
/// Text has a contrast of 4.5 to what it stands on, and what is drawn one of 3 to the page (WCAG 2.2, 1.4.3 and 1.4.11
/// at level AA);
/// <see cref="Pairs"/> lists what stands on what, and a test reckons.
/// </remarks>
internal static class HtmlPalette
{
    private static readonly (string Name, string Light, string Dark)[] s_colours =
    [
        ("page", "#ffffff", "#12171c"),
        ("panel", "#f2f5f7", "#1c242c"),
        ("text", "#16202a", "#e6ebf0"),
        ("muted", "#4d5b68", "#a9b6c2"),
        ("line", "#7d8a96", "#7b8894"),
        ("good", "#0a6640", "#63d694"),
        ("warn", "#7a4a00", "#f0b860"),
        ("bad", "#a01818", "#ff9a94"),
        ("merged", "#0b6b73", "#4cc4cf"),
        ("zero", "#6a4bb0", "#b79cf0"),
        ("unique", "#8a6a12", "#cfae55"),
        ("volatile", "#b0406a", "#ee8fb2"),
    ];

    /// <summary>What stands on what, and the least contrast of the two.</summary>
    internal static IReadOnlyList<(string Front, string Back, double Least)> Pairs { get; } =
    [
        ("text", "page", 4.5), ("text", "panel", 4.5), ("muted", "page", 4.5), ("muted", "panel", 4.5),
        ("good", "panel", 4.5), ("warn", "panel", 4.5), ("bad", "panel", 4.5), ("warn", "page", 4.5),
        ("line", "page", 3), ("merged", "page", 3), ("zero", "page", 3), ("unique", "page", 3), ("volatile", "page", 3),
        ("merged", "panel", 3), ("line", "panel", 3),
    ];

    /// <summary>One colour, as <c>#rrggbb</c>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="isDark">For dark surroundings.</param>
    internal static string Colour(string name, bool isDark) =>
        s_colours.First(colour => string.Equals(colour.Name, name, StringComparison.Ordinal)) is var found && isDark ? found.Dark : found.Light;

    /// <summary>The style rules that define the colours.</summary>
    internal static string Rules()
    {
        StringBuilder css = new(":root { color-scheme: light dark;");
        foreach ((string name, string light, _) in s_colours)
        {
            _ = css.Append(" --").Append(name).Append(": ").Append(light).Append(';');
        }

        _ = css.Append(" }\n@media (prefers-color-scheme: dark) { :root {");
        foreach ((string name, _, string dark) in s_colours)
        {
            _ = css.Append(" --").Append(name).Append(": ").Append(dark).Append(';');
        }

        return css.Append(" } }\n").ToString();
    }
}
