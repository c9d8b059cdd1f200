using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace FastKsm.Cli.Scenarios.SwapMetadata;

/// <summary>The points as an SVG file: bars in groups, bytes a slot of the device on a logarithmic scale; outlines for what
/// is reserved but not resident, and published figures as lines.</summary>
internal static class MetadataPlot
{
    private const int Width = 860;
    private const int Height = 420;
    private const int Left = 70;
    private const int Top = 50;
    private const int Bottom = 60;
    private const int BarWidth = 34;
    private const int Gap = 4;
    private const double Lowest = -5;
    private const double Highest = 2;

    private static readonly string[] s_colours = ["#b5523b", "#3b6fb5", "#3b9b62"];

    /// <summary>Draws the points.</summary>
    internal static string Draw(IReadOnlyList<MetadataPoint> points, long slots)
    {
        StringBuilder svg = new();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Line(svg, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>");
        Line(svg, $"<text x=\"{Left}\" y=\"24\" font-size=\"15\">Swap metadata, bytes of memory a slot of a device of {slots:N0} slots</text>");
        DrawScale(svg);
        SwapLayoutKind[] layouts = [.. points.Select(point => point.Layout).Distinct()];
        string[] states = [.. points.Select(point => point.State).Distinct(StringComparer.Ordinal)];
        double step = (double)(Width - Left - 20) / states.Length;
        foreach (MetadataPoint point in points)
        {
            int layout = Array.IndexOf(layouts, point.Layout);
            double x = Left + (step * Array.IndexOf(states, point.State)) + 10 + (layout * BarWidth);
            DrawBar(svg, x, slots, point, s_colours[layout % s_colours.Length]);
        }

        for (int i = 0; i < states.Length; i++)
        {
            double middle = Left + (step * i) + 10 + (((layouts.Length * BarWidth) - Gap) / 2.0);
            Line(svg, $"<text x=\"{middle:0.#}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{states[i]}</text>");
        }

        for (int i = 0; i < layouts.Length; i++)
        {
            Line(svg, $"<rect x=\"{Left + (i * 120)}\" y=\"{Height - 28}\" width=\"12\" height=\"12\" fill=\"{s_colours[i % s_colours.Length]}\"/>");
            Line(svg, $"<text x=\"{Left + (i * 120) + 18}\" y=\"{Height - 18}\">{SwapMetadataScenario.NameOf(layouts[i])}</text>");
        }

        Line(svg, $"<text x=\"{Left + (layouts.Length * 120)}\" y=\"{Height - 18}\">filled: resident; outlined: reserved; black lines: published</text>");
        return svg.Append("</svg>\n").ToString();
    }

    private static void DrawScale(StringBuilder svg)
    {
        for (double power = Lowest; power <= Highest; power++)
        {
            Line(svg, $"<line x1=\"{Left}\" x2=\"{Width - 20}\" y1=\"{Y(power):0.#}\" y2=\"{Y(power):0.#}\" stroke=\"#ddd\"/>");
            Line(svg, $"<text x=\"{Left - 8}\" y=\"{Y(power) + 4:0.#}\" text-anchor=\"end\">{Math.Pow(10, power):0.#####}</text>");
        }
    }

    private static void DrawBar(StringBuilder svg, double x, long slots, MetadataPoint point, string colour)
    {
        double bytes = (double)point.Usage.Resident / slots;
        double reserved = (double)(point.Usage.StaticReserved + point.Usage.DynamicUsed) / slots;
        double top = double.Min(Y(Power(reserved)), Y(Power(bytes)));
        Line(svg, Rectangle(x, reserved, "fill=\"none\"", colour));
        Line(svg, $"</rect>");
        Line(svg, Rectangle(x, bytes, $"fill=\"{colour}\"", colour));
        Line(svg, $"<title>{SwapMetadataScenario.NameOf(point.Layout)}, {point.State}: {bytes:0.######} bytes a slot</title></rect>");
        string figure = bytes.ToString(bytes < 0.01 ? "G1" : bytes < 1 ? "G2" : "0.0", CultureInfo.InvariantCulture);
        Line(svg, $"<text x=\"{x + ((BarWidth - Gap) / 2.0):0.#}\" y=\"{top - 5:0.#}\" font-size=\"10\" text-anchor=\"middle\">{figure}</text>");
        if (point.Published is { } published)
        {
            double y = Y(Power(published));
            Line(svg, $"<line x1=\"{x - 2:0.#}\" x2=\"{x + BarWidth - 2:0.#}\" y1=\"{y:0.#}\" y2=\"{y:0.#}\" stroke=\"black\" stroke-width=\"2\"/>");
        }
    }

    // A bar from the foot of the scale; its title and its end are the caller's.
    private static FormattableString Rectangle(double x, double bytes, string fill, string colour) =>
        $"<rect x=\"{x:0.#}\" y=\"{Y(Power(bytes)):0.#}\" width=\"{BarWidth - Gap}\" height=\"{Y(Lowest) - Y(Power(bytes)):0.#}\" {fill} stroke=\"{colour}\">";

    private static double Power(double bytes) => Math.Clamp(Math.Log10(Math.Max(bytes, 1e-12)), Lowest, Highest);

    private static double Y(double power) => Top + ((Highest - power) / (Highest - Lowest) * (Height - Top - Bottom));

    private static void Line(StringBuilder svg, FormattableString text) =>
        svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
