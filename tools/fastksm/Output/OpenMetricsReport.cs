using System;
using System.Globalization;
using System.IO;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Owners;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>The result as OpenMetrics text, which node_exporter's textfile collector takes as well.</summary>
/// <remarks>Gauges only: each is what the forecast says at the moment. Sizes are bytes, times seconds.</remarks>
internal static class OpenMetricsReport
{
    /// <summary>Writes the result.</summary>
    internal static void Write(EvaluationResult result, ScanPrice price, HostKsmCounters? host, OwnerKind? by, TextWriter output)
    {
        MergeForecast total = result.Total;
        long size = result.PageSize;
        Verdict verdict = Verdict.Of(result, host);
        Gauge(output, "fastksm_memory_read_bytes", "Anonymous memory that was read.", result.Pages * size);
        Gauge(output, "fastksm_memory_saved_bytes", "Memory that merging would save, less ksmd's records.", total.MemorySaved(size));
        Gauge(
            output, "fastksm_marking_memory_saved_bytes", "The same if only the VMAs worth it are marked.", result.Marking.MemorySaved(size));
        Gauge(output, "fastksm_general_profit_bytes", "Linux's general_profit, forecast.", total.GeneralProfit(size));
        Gauge(output, "fastksm_pages_shared", "KSM pages in use, forecast.", total.PagesShared);
        Gauge(output, "fastksm_pages_sharing", "Further addresses on KSM pages, forecast.", total.PagesSharing);
        Gauge(output, "fastksm_pages_unshared", "Unique pages, forecast.", total.PagesUnshared);
        Gauge(output, "fastksm_pages_volatile", "Pages in no tree, forecast.", total.PagesVolatile);
        Gauge(output, "fastksm_ksm_zero_pages", "Pages replaced by the zero frame, forecast.", total.KsmZeroPages);
        Gauge(output, "fastksm_rmap_items", "Records that ksmd would keep, forecast.", total.RmapItems);
        Gauge(output, "fastksm_processes", "Processes read.", result.Count(ReadStatus.Read));
        Gauge(output, "fastksm_processes_not_permitted", "Processes that could not be read.", result.Count(ReadStatus.NotPermitted));
        Gauge(output, "fastksm_scan_seconds", "Time of a full scan with the host's settings.", price.Current.ScanSeconds);
        Gauge(output, "fastksm_scan_cpu_ratio", "Share of one CPU that ksmd would take with them.", price.Current.CpuShare);
        Gauge(output, "fastksm_host_loss_bytes", "What KSM costs this host today beyond what it gives.", verdict.HostLoss);

        output.Write("# TYPE fastksm_verdict stateset\n# HELP fastksm_verdict What is to be done.\n");
        foreach ((string state, VerdictKind answer) in VerdictWording.Keys)
        {
            output.Write($"fastksm_verdict{{fastksm_verdict=\"{state}\"}} {(verdict.Kind == answer ? 1 : 0)}\n");
        }

        // By owner where that is asked for: pids make a new time series with every restart.
        if (by is { } kind)
        {
            Header(output, "fastksm_owner_saving_bytes", "Linux's ksm_process_profit by owner, forecast.");
            foreach (OwnerForecast owner in OwnerForecast.Of(result, kind))
            {
                output.Write($"fastksm_owner_saving_bytes{{{Wording.KeyOf(kind)}=\"{Label(owner.Owner)}\"}} {owner.Profit.ToString(CultureInfo.InvariantCulture)}\n");
            }

            Owners(output, result, kind, "fastksm_owner_saved_within_bytes", "Saved within the owner, forecast.", saving => saving.WithinPages);
            Owners(output, result, kind, "fastksm_owner_saved_across_bytes", "Saved across owners, forecast.", saving => saving.AcrossPages);
        }
        else
        {
            Header(output, "fastksm_process_saving_bytes", "Linux's ksm_process_profit, forecast.");
            foreach (ProcessForecast process in result.Processes)
            {
                if (process.Process.Status == ReadStatus.Read)
                {
                    output.Write(string.Create(
                        CultureInfo.InvariantCulture,
                        $"fastksm_process_saving_bytes{{pid=\"{process.Process.Pid}\",process=\"{Label(process.Process.Stat.Name)}\"}} {process.ProcessProfit(size)}\n"));
                }
            }
        }

        output.Write("# EOF\n");
    }

    private static void Owners(
        TextWriter output, EvaluationResult result, OwnerKind kind, string name, string help, Func<OwnerSaving, long> pages)
    {
        Header(output, name, help);
        foreach (OwnerForecast owner in OwnerForecast.Of(result, kind))
        {
            if (owner.Saving is { } saving)
            {
                long bytes = pages(saving) * result.PageSize;
                output.Write($"{name}{{{Wording.KeyOf(kind)}=\"{Label(owner.Owner)}\"}} {bytes.ToString(CultureInfo.InvariantCulture)}\n");
            }
        }
    }

    private static void Header(TextWriter output, string name, string help) =>
        output.Write($"# TYPE {name} gauge\n{(name.EndsWith("_bytes", StringComparison.Ordinal) ? $"# UNIT {name} bytes\n" : string.Empty)}# HELP {name} {help}\n");

    private static void Gauge(TextWriter output, string name, string help, double value)
    {
        Header(output, name, help);
        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{name} {(double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture))}\n"));
    }

    private static string Label(string name) => HarmlessText.Of(name)
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal);
}
