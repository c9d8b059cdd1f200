using System;
using System.Globalization;
using FastKsm.Cli.Evaluation;
using Spectre.Console;

namespace FastKsm.Cli.Output;

/// <summary>Time and price of a scan, and the lines that switch merging on, ready to paste.</summary>
internal static class SettingsReport
{
    private const string Directory = "/sys/kernel/mm/ksm/";

    /// <summary>Writes the price, and the recommendation where one was asked for.</summary>
    internal static void Write(IAnsiConsole console, EvaluationResult result, ScanPrice price)
    {
        if (result.Total.RmapItems == 0)
        {
            return;
        }

        double perPage = price.SecondsPerPage * 1e6;
        console.WriteLine();
        console.MarkupLineInterpolated(
            $"A full scan: {Wording.Count(result.Total.RmapItems)} pages × (c + sleep / pages_to_scan), c = {perPage.ToString("F2", CultureInfo.InvariantCulture)} µs ({price.Cost.Source}).");
        string whose = result.Host.SettingsAreKnown
            ? "With the host's settings of today"
            : "With Linux's default settings (those of this host could not be read)";
        console.MarkupLineInterpolated($"{whose}: {Describe(price.Current)}.");
        if (price.TargetSeconds is not { } target)
        {
            console.MarkupLine("[dim]--target-scan-time TIME recommends settings, with lines ready to paste.[/]");
        }
        else if (price.Target is not { } settings)
        {
            console.MarkupLineInterpolated(
                $"[yellow]A full scan in {Wording.Seconds(target)} can't be reached: ksmd, one thread, needs {Wording.Seconds(result.Total.RmapItems * perPage / 1e6)} of CPU time for it.[/]");
        }
        else
        {
            console.MarkupLineInterpolated($"For a full scan in {Wording.Seconds(target)}: {Describe(settings)}.");
            WriteLines(console, result, settings, target);
        }
    }

    private static string Describe(ScanSettings settings) =>
        $"pages_to_scan={settings.PagesToScan}, sleep_millisecs={settings.SleepMilliseconds}: "
        + $"{Wording.Seconds(settings.ScanSeconds)} a scan, {Wording.Percent(settings.CpuShare)} of one CPU";

    private static void WriteLines(IAnsiConsole console, EvaluationResult result, ScanSettings settings, double target)
    {
        // Plain lines, not a table: they are made to be copied.
        Line(console, string.Empty);
        Line(console, "# fixed settings");
        Line(console, $"echo {settings.PagesToScan} > {Directory}pages_to_scan");
        Line(console, $"echo {settings.SleepMilliseconds} > {Directory}sleep_millisecs");
        WriteCommon(console, result);
        Line(console, string.Empty);
        Line(console, "# or let the advisor find pages_to_scan (Linux 6.8 and later; with pages_to_scan left alone)");
        Line(console, $"echo {(long)Math.Max(Math.Ceiling(target), 1)} > {Directory}advisor_target_scan_time");
        Line(console, $"echo {AdvisorMaxCpu(settings)} > {Directory}advisor_max_cpu");
        Line(console, $"echo {Math.Max(settings.PagesToScan, 500)} > {Directory}advisor_min_pages_to_scan");
        Line(console, $"echo {Math.Max(settings.PagesToScan * 2, 30000)} > {Directory}advisor_max_pages_to_scan");
        Line(console, $"echo scan-time > {Directory}advisor_mode");
        Line(console, string.Empty);
        Line(console, "# and mark the memory: a systemd unit (systemctl edit UNIT), or a program, which inherits it on");
        Line(console, "[Service]");
        Line(console, "MemoryKSM=yes");
        Line(console, string.Empty);
        Line(console, "fastksm exec --merge -- COMMAND          # or in the program itself:");
        Line(console, "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0);  # 67; madvise(start, length, MADV_MERGEABLE) for single ranges");
    }

    private static void WriteCommon(IAnsiConsole console, EvaluationResult result)
    {
        Line(console, $"echo {result.Options.MaxPageSharing} > {Directory}max_page_sharing");
        Line(console, $"echo {(result.Options.UseZeroPages ? 1 : 0)} > {Directory}use_zero_pages");
        Line(console, $"echo 1 > {Directory}run");
    }

    // Twice the share that is needed leaves the advisor room for scans that find more to do; it never goes below 10 %.
    private static int AdvisorMaxCpu(ScanSettings settings) =>
        (int)Math.Clamp(Math.Ceiling(settings.CpuShare * 200), 10, 100);

    private static void Line(IAnsiConsole console, string text) => console.WriteLine(text.Length == 0 ? text : "    " + text);
}
