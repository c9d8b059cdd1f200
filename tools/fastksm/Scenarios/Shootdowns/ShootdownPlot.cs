using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace FastKsm.Cli.Scenarios.Shootdowns;

/// <summary>
/// The rows as an SVG file: interrupts a second, and cycles for a page of the initiator and of the others, both on
/// logarithmic scales.
/// </summary>
internal static class ShootdownPlot
{
    private const int Width = 1080;
    private const int Top = 74;
    private const int RowHeight = 24;
    private const int BarHeight = 16;
    private const int Left = 400;
    private const int PanelWidth = 270;
    private const int PanelGap = 70;
    private const int Foot = 34;
    private const string Own = "#3b6fb5";
    private const string Stolen = "#b5523b";
    private const string Interrupts = "#3b9b62";

    /// <summary>Draws the rows.</summary>
    internal static string Draw(IReadOnlyList<ShootdownFigures> rows, int cpus, long work, double ghz)
    {
        int height = Top + (rows.Count * RowHeight) + Foot;
        StringBuilder svg = new();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\"");
        Line(svg, $"width=\"{Width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Line(svg, $"<rect width=\"{Width}\" height=\"{height}\" fill=\"white\"/>");
        Line(svg, $"<text x=\"12\" y=\"24\" font-size=\"15\">{rows[0].Pages:N0} pages taken away from a process");
        Line(svg, $"on {cpus} CPUs at {ghz:0.##} GHz, {work:N0} cycles of other work a page</text>");
        DrawScale(svg, Left, 0, 7, rows.Count, "interrupts a second");
        int right = Left + PanelWidth + PanelGap;
        DrawScale(svg, right, -1, 6, rows.Count, "cycles a page");
        for (int i = 0; i < rows.Count; i++)
        {
            ShootdownFigures row = rows[i];
            int y = Top + (i * RowHeight);
            string by = ShootdownsScenario.NameOf(row.Policy.Kind);
            string crew = ShootdownsScenario.NameOf(row.Policy.Crew);
            string who = row.Policy.Crew == Crew.All ? string.Empty : $"; {crew}";
            string name = $"{row.Policy.Name}; {by}{who}";
            Line(svg, $"<text x=\"{Left - 8}\" y=\"{y + 13}\" text-anchor=\"end\">{name}</text>");
            DrawBar(svg, name, Left, y, BarHeight, row.InterruptsPerSecond(work, ghz), 0, 7, Interrupts);
            double own = (double)row.InitiatorCycles / row.Pages;
            double stolen = (double)row.StolenCycles / row.Pages;
            DrawBar(svg, name, right, y, BarHeight / 2, own, -1, 6, Own);
            DrawBar(svg, name, right, y + (BarHeight / 2), BarHeight / 2, stolen, -1, 6, Stolen);
        }

        DrawKey(svg, Left, height, Interrupts, "interrupts a second");
        DrawKey(svg, right, height, Own, "initiator");
        DrawKey(svg, right + 90, height, Stolen, "stolen from all others");
        return svg.Append("</svg>\n").ToString();
    }

    private static void DrawScale(
        StringBuilder svg, int left, int lowest, int highest, int rows, string heading)
    {
        Line(svg, $"<text x=\"{left}\" y=\"{Top - 28}\" font-weight=\"bold\">{heading}</text>");
        for (int power = lowest; power <= highest; power++)
        {
            double x = left + Length(Math.Pow(10, power), lowest, highest);
            string label = power < 3 ? Math.Pow(10, power).ToString("0.#", CultureInfo.InvariantCulture)
                : power < 6 ? Math.Pow(10, power - 3).ToString("0'k'", CultureInfo.InvariantCulture)
                : Math.Pow(10, power - 6).ToString("0'M'", CultureInfo.InvariantCulture);
            int foot = Top + (rows * RowHeight);
            Line(svg, $"<line x1=\"{x:0.#}\" x2=\"{x:0.#}\" y1=\"{Top - 6}\" y2=\"{foot}\" stroke=\"#ddd\"/>");
            Line(svg, $"<text x=\"{x:0.#}\" y=\"{Top - 11}\" font-size=\"10\" text-anchor=\"middle\">{label}</text>");
        }
    }

    private static void DrawBar(
        StringBuilder svg,
        string name,
        int left,
        int y,
        int height,
        double value,
        int lowest,
        int highest,
        string colour)
    {
        double length = Length(value, lowest, highest);
        Line(svg, $"<rect x=\"{left}\" y=\"{y}\" width=\"{length:0.#}\" height=\"{height}\" fill=\"{colour}\">");
        Line(svg, $"<title>{name}: {value:N1}</title></rect>");
        if (height == BarHeight)
        {
            Line(svg, $"<text x=\"{left + length + 4:0.#}\" y=\"{y + 12}\" font-size=\"10\">{value:N0}</text>");
        }
    }

    private static void DrawKey(StringBuilder svg, int x, int height, string colour, string text)
    {
        Line(svg, $"<rect x=\"{x}\" y=\"{height - 24}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>");
        Line(svg, $"<text x=\"{x + 18}\" y=\"{height - 14}\">{text}</text>");
    }

    // Nothing is drawn of what lies below the scale, 0 above all.
    private static double Length(double value, int lowest, int highest) => value <= 0
        ? 0
        : Math.Clamp((Math.Log10(value) - lowest) / (highest - lowest), 0, 1) * PanelWidth;

    private static void Line(StringBuilder svg, FormattableString text) =>
        svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
