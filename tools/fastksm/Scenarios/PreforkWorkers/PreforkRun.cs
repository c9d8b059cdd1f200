using System;
using System.Collections.Generic;
using System.Globalization;

namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>Runs ksmd beside the web tier for a length of model time, scan by scan.</summary>
/// <remarks>
/// A batch of the model stands for as many wake-ups as a page stands for pages: their sleeps and their CPU time pass at once.
/// So scans last as long, and take as large a share of a CPU, as on the host that is modelled, and the advisor sees its
/// figures.
/// </remarks>
internal static class PreforkRun
{
    /// <summary>Runs it.</summary>
    /// <param name="workload">What runs beside ksmd.</param>
    /// <param name="policy">How ksmd is set up.</param>
    /// <param name="settings">What is the same for every policy.</param>
    /// <param name="length">Model time to run for.</param>
    /// <param name="seed">Where random numbers begin.</param>
    /// <returns>Each full scan that came to its end.</returns>
    internal static IReadOnlyList<ScanRecord> Perform(
        PreforkWorkload workload, KsmdPolicy policy, KsmdSettings settings, TimeSpan length, ulong seed)
    {
        using PreforkHost host = new(workload, seed);
        Ksm ksm = host.Machine.Ksm;
        Configure(ksm, policy, settings);
        List<ScanRecord> scans = [];
        ScanRecord scan = default;
        while (host.Now < length)
        {
            long pagesToScan = long.Parse(ksm.Read("pages_to_scan"), CultureInfo.InvariantCulture);
            KsmdWork before = KsmdWork.Of(ksm);
            KsmCounters counters = ksm.Counters;
            if (!ksm.Batch())
            {
                break;
            }

            KsmCounters now = ksm.Counters;
            TimeSpan cpu = settings.Cost.Of(before, KsmdWork.Of(ksm), workload.Scale);
            ksm.ChargeCpuTime(cpu);

            // The last batch of a scan is over early, and so are the sleeps that it stands for.
            long scanned = now.PagesScanned - counters.PagesScanned;
            double sleeps = double.Max(1, workload.Scale * (double)scanned / pagesToScan);
            TimeSpan elapsed = cpu + TimeSpan.FromMilliseconds(sleeps * settings.SleepMilliseconds);
            host.Advance(elapsed);
            scan = scan with
            {
                Scanned = scan.Scanned + scanned,
                Skipped = scan.Skipped + now.PagesSkipped - counters.PagesSkipped,
                Duration = scan.Duration + elapsed,
                Cpu = scan.Cpu + cpu,
                PagesToScan = pagesToScan,
            };
            if (now.FullScans != counters.FullScans)
            {
                scans.Add(scan with { End = host.Now, Counters = now });
                scan = default;
            }
        }

        return scans;
    }

    private static void Configure(Ksm ksm, KsmdPolicy policy, KsmdSettings settings)
    {
        Write(ksm, "sleep_millisecs", settings.SleepMilliseconds);
        Write(ksm, "smart_scan", policy.SmartScan ? 1 : 0);
        if (policy.Advisor)
        {
            Write(ksm, "advisor_target_scan_time", settings.TargetScanSeconds);
            Write(ksm, "advisor_max_cpu", settings.MaxCpuPercent);
            Write(ksm, "advisor_min_pages_to_scan", settings.PagesToScan);
            ksm.Write("advisor_mode", "scan-time");
        }
        else
        {
            Write(ksm, "pages_to_scan", settings.PagesToScan);
        }

        Write(ksm, "run", 1);
    }

    private static void Write(Ksm ksm, string file, long value) => ksm.Write(file, value.ToString(CultureInfo.InvariantCulture));
}
