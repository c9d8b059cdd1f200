using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using Spectre.Console;

namespace FastKsm.Cli.Output;

/// <summary>Time and price of a scan, and the lines that switch merging on, ready to paste.</summary>
internal static class SettingsReport
{
    /// <summary>Writes the price, and the recommendation where one was asked for.</summary>
    internal static void Write(IAnsiConsole console, EvaluationResult result, ScanPrice price)
    {
        if (result.Total.RmapItems == 0)
        {
            return;
        }

        console.WriteLine();
        console.MarkupLineInterpolated($"{Cost(price)}");
        console.MarkupLineInterpolated($"{Today(result, price)}");
        if (price.Cost.IsBusy)
        {
            console.MarkupLine("[yellow]The machine was busy: times and prices are less sure than usual, and scans take longer while it is.[/]");
        }

        if (price.TargetSeconds is not { } target)
        {
            console.MarkupLine("[dim]--target-scan-time TIME recommends settings, with lines ready to paste.[/]");
        }
        else if (price.Target is not { } settings)
        {
            console.MarkupLineInterpolated($"[yellow]{OutOfReach(price, target)}[/]");
        }
        else
        {
            console.MarkupLineInterpolated($"For a full scan in {Wording.Seconds(target)}: {Describe(settings)} (smart_scan=0).");
            console.WriteLine();
            foreach (string line in ScanAdvice.Lines(
                result.Options, settings, target, SystemdUnit.Of(result.Processes.Select(process => process.Process.Pid))))
            {
                // Plain lines, not a table: they are made to be copied.
                console.WriteLine(line.Length == 0 ? line : "    " + line);
            }
        }
    }

    /// <summary>What a page costs, and how many there are.</summary>
    internal static string Cost(ScanPrice price)
    {
        double perPage = price.SecondsPerPage * 1e6;
        string others = price.OtherPages > 0
            ? $" ({Wording.Count(price.OtherPages)} of them of processes that were not chosen but are marked today)"
            : string.Empty;
        return $"A full scan: {Wording.Count(price.Pages)} pages{others} × (c + sleep / pages_to_scan), c = {Microseconds(perPage)} µs, "
            + $"from {Microseconds(perPage * ScanCost.LowShare)} to {Microseconds(perPage * price.Cost.HighShare)} ({price.Cost.Source}).";
    }

    /// <summary>What a scan takes with the settings of today.</summary>
    internal static string Today(EvaluationResult result, ScanPrice price)
    {
        HostKsm host = result.Host;
        if (host.AdvisorTargetSeconds is { } aim)
        {
            return $"Today the advisor moves pages_to_scan (now {host.PagesToScan.ToString(CultureInfo.InvariantCulture)}) so that a scan takes "
                + $"{Wording.Seconds(aim)}: {Wording.Percent(price.Current.CpuShare)} of one CPU.";
        }

        string skips = host.SmartScan && price.EveryPage.ScanSeconds > price.Current.ScanSeconds
            ? $" with smart_scan=1, which leaves out most of what is old and unique; {Wording.Seconds(price.EveryPage.ScanSeconds)} for a scan of every page"
            : string.Empty;
        return $"With the host's settings of today: {Describe(price.Current)}{skips}.";
    }

    /// <summary>Why no settings reach a target.</summary>
    internal static string OutOfReach(ScanPrice price, double target) =>
        $"A full scan in {Wording.Seconds(target)} can't be reached: ksmd, one thread, needs {Wording.Seconds(price.Pages * price.SecondsPerPage)} "
        + $"of CPU time for it, and sleeps at least once ({Wording.Seconds(price.Fastest)} at the fastest).";

    /// <summary>Settings, and what they lead to.</summary>
    internal static string Describe(ScanSettings settings) => string.Create(
        CultureInfo.InvariantCulture,
        $"pages_to_scan={settings.PagesToScan}, sleep_millisecs={settings.SleepMilliseconds}: ")
        + $"{Wording.Seconds(settings.ScanSeconds)} a scan, {Wording.Percent(settings.CpuShare)} of one CPU";

    private static string Microseconds(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}
