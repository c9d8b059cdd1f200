using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace FastKsm.Cli.Output.Html;

/// <summary>Curves over two logarithmic axes: positive figures alone.</summary>
internal sealed class LinePlot
{
    private const double Width = 640;
    private const double Height = 300;
    private const double Left = 64;
    private const double Right = 40;
    private const double Top = 16;
    private const double Bottom = 44;

    private readonly double _leastX;
    private readonly double _mostX;
    private readonly double _leastY;
    private readonly double _mostY;

    private LinePlot(IReadOnlyList<(double X, double Y)> points)
    {
        (_leastX, _mostX) = Decades([.. points.Select(point => point.X)]);
        (_leastY, _mostY) = Decades([.. points.Select(point => point.Y)]);
    }

    /// <summary>Writes it; nothing where there is no point.</summary>
    /// <param name="html">Receives it.</param>
    /// <param name="description">What it shows, for those who do not see it.</param>
    /// <param name="caption">What it shows, below it.</param>
    /// <param name="xName">Name of the axis below.</param>
    /// <param name="yText">Text of a figure of the axis to the left.</param>
    /// <param name="points">The curve, from left to right; figures above zero.</param>
    /// <param name="mark">A point to be marked, with its name; null for none.</param>
    internal static void Write(
        HtmlWriter html,
        string description,
        string caption,
        string xName,
        Func<double, string> yText,
        IReadOnlyList<(double X, double Y)> points,
        (double X, double Y, string Name)? mark)
    {
        List<(double X, double Y)> all = [.. points];
        if (mark is { X: > 0, Y: > 0 } given && double.IsFinite(given.Y))
        {
            all.Add((given.X, given.Y));
        }

        if (points.Count == 0)
        {
            return;
        }

        LinePlot plot = new(all);
        _ = html.Open("figure").Open(
            "svg", ("class", "plot"), ("viewBox", $"0 0 {Plot.Number(Width)} {Plot.Number(Height)}"), ("role", "img"), ("aria-label", description));
        plot.Axes(html, xName, yText);
        plot.Curve(html, points);
        if (mark is { X: > 0, Y: > 0 } point && double.IsFinite(point.Y))
        {
            double x = plot.X(point.X);
            _ = html.Empty("circle", ("class", "volatile"), ("cx", Plot.Number(x)), ("cy", Plot.Number(plot.Y(point.Y))), ("r", "5"));
            bool isRight = x > Width * 0.6;
            _ = html.Element(
                "text", point.Name, ("class", "strong"), ("x", Plot.Number(isRight ? x - 9 : x + 9)), ("y", Plot.Number(plot.Y(point.Y) - 8)),
                ("text-anchor", isRight ? "end" : "start"));
        }

        _ = html.Close().Element("figcaption", caption).Close();
    }

    private static (double Least, double Most) Decades(double[] values)
    {
        double least = Math.Floor(Math.Log10(values.Min()));
        double most = Math.Ceiling(Math.Log10(values.Max()));
        return (least, most > least ? most : least + 1);
    }

    private double X(double value) => Left + ((Math.Log10(value) - _leastX) / (_mostX - _leastX) * (Width - Left - Right));

    private double Y(double value) => Height - Bottom - ((Math.Log10(value) - _leastY) / (_mostY - _leastY) * (Height - Top - Bottom));

    private void Axes(HtmlWriter html, string xName, Func<double, string> yText)
    {
        double base0 = Height - Bottom;
        _ = html.Empty(
            "path", ("class", "axis"), ("d", $"M{Plot.Number(Left)} {Plot.Number(Top)}V{Plot.Number(base0)}H{Plot.Number(Width - Right)}"));
        for (double decade = _leastX; decade <= _mostX; decade++)
        {
            double value = Math.Pow(10, decade);
            _ = html.Empty("path", ("class", "axis"), ("d", $"M{Plot.Number(X(value))} {Plot.Number(base0)}v5"));
            _ = html.Element(
                "text", Wording.Count((long)Math.Round(value)), ("x", Plot.Number(X(value))), ("y", Plot.Number(base0 + 19)), ("text-anchor", "middle"));
        }

        for (double decade = _leastY; decade <= _mostY; decade++)
        {
            double value = Math.Pow(10, decade);
            _ = html.Empty("path", ("class", "axis"), ("d", $"M{Plot.Number(Left)} {Plot.Number(Y(value))}h-5"));
            _ = html.Element("text", yText(value), ("x", Plot.Number(Left - 9)), ("y", Plot.Number(Y(value) + 4)), ("text-anchor", "end"));
        }

        _ = html.Element(
            "text", xName, ("x", Plot.Number((Left + Width - Right) / 2)), ("y", Plot.Number(Height - 6)), ("text-anchor", "middle"));
    }

    private void Curve(HtmlWriter html, IReadOnlyList<(double X, double Y)> points)
    {
        StringBuilder path = new();
        foreach ((double x, double y) in points)
        {
            _ = path.Append(path.Length == 0 ? 'M' : 'L').Append(Plot.Number(X(x))).Append(' ').Append(Plot.Number(Y(y)));
        }

        _ = html.Empty("path", ("class", "curve"), ("d", path.ToString()));
    }
}
