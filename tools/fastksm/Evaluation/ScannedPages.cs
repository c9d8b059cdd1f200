using System;
using FastKsm.Cli.Evaluation.Settling;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>What ksmd scans: it is the whole host's marked memory, not only the processes that were chosen.</summary>
internal static class ScannedPages
{
    /// <summary>What is marked on the host today.</summary>
    internal static MergeForecast OfHost(HostKsm host) => new()
    {
        RmapItems = host.RmapItems,
        PagesShared = host.PagesShared ?? 0,
        PagesSharing = host.PagesMerged - (host.PagesShared ?? 0),
        PagesUnshared = Math.Max(host.RmapItems - host.PagesMerged, 0),
    };

    /// <summary>Records of processes that were not chosen, which are scanned as well.</summary>
    internal static long OfOthers(EvaluationResult result) => Math.Max(result.Host.RmapItems - result.RmapItemsToday, 0);

    /// <summary>The processes chosen, and what is marked of others today.</summary>
    internal static MergeForecast With(EvaluationResult result)
    {
        MergeForecast total = result.Total;
        long others = OfOthers(result);
        long merged = Math.Clamp(result.Host.PagesMerged - result.PagesMergedToday, 0, others);
        return total with
        {
            RmapItems = total.RmapItems + others,
            PagesSharing = total.PagesSharing + merged,
            PagesUnshared = total.PagesUnshared + others - merged,
        };
    }

    /// <summary>What one scan processes on average: with smart scan, an old page that is not merged in one of nine.</summary>
    internal static MergeForecast InOneScan(MergeForecast all, bool smartScan)
    {
        if (!smartScan)
        {
            return all;
        }

        long merged = all.PagesShared + all.PagesSharing;
        long searched = Math.Max(all.RmapItems - merged, 0) / SmartScan.Period;
        return all with { RmapItems = merged + searched, PagesUnshared = Math.Min(all.PagesUnshared, searched) };
    }

    /// <summary>What a scan processes that skips all it can: merged pages.</summary>
    internal static MergeForecast InAScanThatSkips(MergeForecast all) =>
        all with { RmapItems = all.PagesShared + all.PagesSharing, PagesUnshared = 0 };
}
