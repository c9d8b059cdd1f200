using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Output.Html;

/// <summary>One bar of parts, with a legend that has the figures.</summary>
internal static class StackedBar
{
    /// <summary>Writes it; nothing where there is nothing to show.</summary>
    /// <param name="html">Receives it.</param>
    /// <param name="description">What it shows, for those who do not see it.</param>
    /// <param name="parts">Class (the colour), name, size and figure of each part.</param>
    internal static void Write(HtmlWriter html, string description, IReadOnlyList<(string Class, string Name, double Size, string Figure)> parts)
    {
        double all = parts.Sum(part => part.Size);
        if (all <= 0)
        {
            return;
        }

        _ = html.Open("figure")
            .Open("svg", ("class", "stack"), ("viewBox", "0 0 1000 20"), ("preserveAspectRatio", "none"), ("role", "img"), ("aria-label", description));
        double at = 0;
        foreach ((string colour, _, double size, _) in parts.Where(part => part.Size > 0))
        {
            double width = size / all * 1000;
            _ = html.Empty("rect", ("class", colour), ("x", Plot.Number(at)), ("width", Plot.Number(width)), ("height", "20"));
            at += width;
        }

        _ = html.Close().Open("ul", ("class", "legend"));
        foreach ((string colour, string name, double size, string figure) in parts.Where(part => part.Size > 0))
        {
            _ = html.Open("li")
                .Open("svg", ("viewBox", "0 0 10 10"), ("aria-hidden", "true")).Empty("rect", ("class", colour), ("width", "10"), ("height", "10")).Close()
                .Text($"{name}: {figure} ({Wording.Percent(size / all)})").Close();
        }

        _ = html.Close().Close();
    }
}
