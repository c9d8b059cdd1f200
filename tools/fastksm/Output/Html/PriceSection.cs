using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output.Html;

/// <summary>
/// What it costs: time and CPU of a scan over pages_to_scan, how long it takes until the saving stands, lines to paste.
/// </summary>
internal static class PriceSection
{
    private const long FewestPages = 10;
    private const long MostPages = 100_000;
    private const int PointsOfADecade = 8;

    /// <summary>Writes it.</summary>
    internal static void Write(HtmlWriter html, EvaluationResult result, ScanPrice price, ReportView view)
    {
        if (result.Total.RmapItems == 0)
        {
            return;
        }

        _ = html.Open("section").Element("h2", "Price");
        _ = html.Element("p", SettingsReport.Cost(price));
        WriteCurve(html, result, price);
        WriteStages(html, result, price);
        WriteLines(html, result, price, view);
        _ = html.Close();
    }

    // A scan of every page at this host's pause, by pages_to_scan.
    private static void WriteCurve(HtmlWriter html, EvaluationResult result, ScanPrice price)
    {
        ScanTask task = new(ScannedPages.With(result), price.Cost, new SleepRounding(price.Tick.Length));
        long sleep = result.Host.SleepMilliseconds;
        List<(double X, double Y)> points = [];
        for (int i = 0; ; i++)
        {
            long pages = (long)Math.Round(FewestPages * Math.Pow(10, i / (double)PointsOfADecade));
            if (pages > MostPages)
            {
                break;
            }

            points.Add((pages, ScanSettings.Of(task, pages, sleep).ScanSeconds));
        }

        string scan = string.Create(CultureInfo.InvariantCulture, $"Time of a scan of all {task.Pages.RmapItems:N0} pages, by pages_to_scan, with sleep_millisecs={sleep}");
        long today = result.Host.PagesToScan;
        LinePlot.Write(
            html, $"{scan}; today {Wording.Seconds(price.EveryPage.ScanSeconds)}", $"{scan}. A larger batch is faster and takes a larger share of a CPU.",
            "pages_to_scan", seconds => string.Create(CultureInfo.InvariantCulture, $"{seconds:#,0.###} s"), points,
            today is > 0 and <= MostPages ? (today, price.EveryPage.ScanSeconds, string.Create(CultureInfo.InvariantCulture, $"today: {today:N0}")) : null);
    }

    private static void WriteStages(HtmlWriter html, EvaluationResult result, ScanPrice price)
    {
        if (result.Settling.After.Count == 0)
        {
            return;
        }

        long scans = result.Settling.ScansWith(result.Host.SmartScan);
        List<(string When, double Saved)> stages =
        [
            .. result.Settling.After.Select(stage => (
                $"after {Wording.Plural(stage.Scans, "scan", "scans")}", (double)stage.Forecast.MemorySaved(result.PageSize))),
            ($"at rest, after {Wording.Plural(scans, "scan", "scans")}", result.Total.MemorySaved(result.PageSize)),
        ];
        double most = stages.Max(stage => stage.Saved);
        HtmlTable.Open(html, "What is saved after some scans", ("how it grows", "name"), ("saved", string.Empty), (string.Empty, "bar"));
        foreach ((string when, double saved) in stages)
        {
            _ = html.Open("tr");
            HtmlTable.Cell(html, when, "name");
            HtmlTable.Cell(html, Wording.Bytes(saved));
            Bars.Cell(html, saved, most);
            _ = html.Close();
        }

        HtmlTable.Close(html);
        _ = html.Element("p", $"Until all stands: {Wording.Seconds(price.SettlingSeconds)} with the settings of today.", ("class", "muted"));
    }

    private static void WriteLines(HtmlWriter html, EvaluationResult result, ScanPrice price, ReportView view)
    {
        if (price.TargetSeconds is not { } target || price.Target is not { } settings)
        {
            _ = html.Element(
                "p", $"fastksm evaluate {view.Selection} --target-scan-time 3m recommends settings, with lines to paste.", ("class", "muted"));
            return;
        }

        _ = html.Element("p", $"Lines to paste, as root, for a full scan in {Wording.Seconds(target)}:")
            .Lines(ScanAdvice.Lines(
                result.Options, settings, target, SystemdUnit.Of(result.Processes.Select(process => process.Process.Pid))));
    }
}
