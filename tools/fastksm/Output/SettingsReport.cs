using System;
using System.Globalization;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>Time and price of a scan, and the lines that switch merging on, ready to paste.</summary>
internal static class SettingsReport
{
    private const string Directory = "/sys/kernel/mm/ksm/";

    /// <summary>Writes the price, and the recommendation where one was asked for.</summary>
    internal static void Write(ReportWriter writer, EvaluationResult result, ScanPrice price)
    {
        if (result.Total.RmapItems == 0)
        {
            return;
        }

        double perPage = price.SecondsPerPage * 1e6;
        writer.Blank();
        writer.Sentence(
            $"A full scan: {Wording.Count(result.Total.RmapItems)} pages × (c + sleep / pages_to_scan), "
            + $"c = {perPage.ToString("F2", CultureInfo.InvariantCulture)} µs ({price.Cost.Source}).",
            hang: 2);
        if (price.TargetSeconds is not { } target)
        {
            writer.Sentence("--target-scan-time TIME recommends settings, with lines ready to paste.", TextStyle.Faint, hang: 2);
        }
        else if (price.Target is not { } settings)
        {
            writer.Sentence(
                $"A full scan in {Wording.Seconds(target)} can't be reached: ksmd, one thread, needs "
                + $"{Wording.Seconds(result.Total.RmapItems * perPage / 1e6)} of CPU time for it.",
                TextStyle.Warning,
                hang: 2);
        }
        else
        {
            writer.Sentence($"For a full scan in {Wording.Seconds(target)}: {Describe(settings)}.", hang: 2);
            WriteLines(writer, result, settings, target);
        }
    }

    private static string Describe(ScanSettings settings) =>
        $"pages_to_scan={settings.PagesToScan}, sleep_millisecs={settings.SleepMilliseconds}: "
        + $"{Wording.Seconds(settings.ScanSeconds)} a scan, {Wording.Percent(settings.CpuShare)} of one CPU";

    private static void WriteLines(ReportWriter writer, EvaluationResult result, ScanSettings settings, double target)
    {
        // Plain lines, not a table: they are made to be copied.
        Line(writer, string.Empty);
        Line(writer, "# fixed settings");
        Line(writer, $"echo {settings.PagesToScan} > {Directory}pages_to_scan");
        Line(writer, $"echo {settings.SleepMilliseconds} > {Directory}sleep_millisecs");
        WriteCommon(writer, result);
        Line(writer, string.Empty);
        Line(writer, "# or let the advisor find pages_to_scan (Linux 6.8 and later; with pages_to_scan left alone)");
        Line(writer, $"echo {(long)Math.Max(Math.Ceiling(target), 1)} > {Directory}advisor_target_scan_time");
        Line(writer, $"echo {AdvisorMaxCpu(settings)} > {Directory}advisor_max_cpu");
        Line(writer, $"echo {Math.Max(settings.PagesToScan, 500)} > {Directory}advisor_min_pages_to_scan");
        Line(writer, $"echo {Math.Max(settings.PagesToScan * 2, 30000)} > {Directory}advisor_max_pages_to_scan");
        Line(writer, $"echo scan-time > {Directory}advisor_mode");
        Line(writer, string.Empty);
        Line(writer, "# and mark the memory: a systemd unit (systemctl edit UNIT), or a program, which inherits it on");
        Line(writer, "[Service]");
        Line(writer, "MemoryKSM=yes");
        Line(writer, string.Empty);
        Line(writer, "fastksm exec --merge -- COMMAND          # or in the program itself:");
        Line(writer, "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0);  # 67; madvise(start, length, MADV_MERGEABLE) for single ranges");
    }

    private static void WriteCommon(ReportWriter writer, EvaluationResult result)
    {
        Line(writer, $"echo {result.Options.MaxPageSharing} > {Directory}max_page_sharing");
        Line(writer, $"echo {(result.Options.UseZeroPages ? 1 : 0)} > {Directory}use_zero_pages");
        Line(writer, $"echo 1 > {Directory}run");
    }

    // Twice the share that is needed leaves the advisor room for scans that find more to do; it never goes below 10 %.
    private static int AdvisorMaxCpu(ScanSettings settings) =>
        (int)Math.Clamp(Math.Ceiling(settings.CpuShare * 200), 10, 100);

    private static void Line(ReportWriter writer, string text) => writer.Line(text.Length == 0 ? text : "    " + text);
}
