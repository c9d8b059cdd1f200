using FastKsm.Cli.Evaluation.Settling;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>What scanning would cost, today and as asked for.</summary>
/// <param name="Cost">What a page costs ksmd, and how that was found.</param>
/// <param name="SecondsPerPage">The same, averaged over the pages that are scanned: c.</param>
/// <param name="Pages">Pages in a full scan, those of processes that were not chosen included.</param>
/// <param name="OtherPages">Pages of processes that were not chosen, marked today.</param>
/// <param name="Current">An average scan with the host's settings of today, smart scan included.</param>
/// <param name="EveryPage">A scan with these settings that leaves no page out: without smart scan, or the first of all.</param>
/// <param name="TargetSeconds">The scan time asked for; null for none.</param>
/// <param name="Target">The recommended settings, with smart_scan=0; null where none were asked for or none can do it.</param>
/// <param name="Fastest">The least time of a full scan at the default pause.</param>
/// <param name="SettlingSeconds">Time until all that is forecast stands, with the host's settings of today.</param>
/// <param name="Tick">The host's timer tick.</param>
internal sealed record ScanPrice(
    ScanCost Cost,
    double SecondsPerPage,
    long Pages,
    long OtherPages,
    ScanSettings Current,
    ScanSettings EveryPage,
    double? TargetSeconds,
    ScanSettings? Target,
    double Fastest,
    double SettlingSeconds,
    TimerTick Tick)
{
    private const long DefaultSleepMilliseconds = 20;

    /// <summary>Works it out for the result of an evaluation.</summary>
    /// <param name="result">What would be scanned.</param>
    /// <param name="cost">What a page costs.</param>
    /// <param name="tick">The host's timer tick.</param>
    /// <param name="targetSeconds">Wanted time of a full scan; null for none.</param>
    internal static ScanPrice Of(EvaluationResult result, ScanCost cost, TimerTick tick, double? targetSeconds)
    {
        SleepRounding rounding = new(tick.Length);
        MergeForecast all = ScannedPages.With(result);
        ScanTask task = new(all, cost, rounding);
        ScanSettings everyPage = Today(result, task);
        ScanSettings current = Today(result, new ScanTask(ScannedPages.InOneScan(all, result.Host.SmartScan), cost, rounding));
        double skipping = Today(result, new ScanTask(ScannedPages.InAScanThatSkips(all), cost, rounding)).ScanSeconds;
        SettlingForecast settling = result.Settling;
        double settlingSeconds = (settling.Scans * everyPage.ScanSeconds)
            + (settling.ScansWith(result.Host.SmartScan) - settling.Scans is > 0 and var more ? more * skipping : 0);
        return new ScanPrice(
            cost,
            cost.SecondsPerPage(all),
            all.RmapItems,
            ScannedPages.OfOthers(result),
            current,
            everyPage,
            targetSeconds,
            targetSeconds is { } target ? ScanSettings.ForTarget(task, target) : null,
            ScanSettings.Of(task, all.RmapItems + 1, DefaultSleepMilliseconds).ScanSeconds,
            settlingSeconds,
            tick);
    }

    // The advisor moves pages_to_scan until a scan takes as long as it aims at.
    private static ScanSettings Today(EvaluationResult result, in ScanTask task)
    {
        HostKsm host = result.Host;
        ScanSettings settings = ScanSettings.Of(task, host.PagesToScan, host.SleepMilliseconds);
        return host.AdvisorTargetSeconds is { } aim ? settings with { ScanSeconds = aim } : settings;
    }
}
