using System;

namespace FastKsm.Cli.Evaluation;

/// <summary>What a scan by ksmd costs: CPU time a page, and from it the time of a full scan.</summary>
/// <param name="VisitNanoseconds">Visiting a page that is merged already: nothing to do.</param>
/// <param name="ChecksumNanoseconds">Checksum of a page that is not in the cache.</param>
/// <param name="LevelNanoseconds">One step down a search tree: fetch a page of another process and compare.</param>
/// <param name="Source">Where the figures come from, in words.</param>
internal sealed record ScanCost(
    double VisitNanoseconds, double ChecksumNanoseconds, double LevelNanoseconds, string Source)
{
    /// <summary>CPU time a page, averaged over a scan in the steady state, in seconds.</summary>
    /// <remarks>
    /// A merged page costs a visit. Any other page costs a visit, a checksum, and a search of the stable and of the unstable
    /// tree, each about log2 of its size deep.
    /// </remarks>
    internal double SecondsPerPage(in MergeForecast forecast)
    {
        if (forecast.RmapItems == 0)
        {
            return 0;
        }

        double levels = Depth(forecast.PagesShared) + Depth(forecast.PagesUnshared);
        double merged = forecast.PagesShared + forecast.PagesSharing;
        double searched = Math.Max(forecast.RmapItems - merged, 0);
        double nanoseconds = (forecast.RmapItems * VisitNanoseconds)
            + (searched * (ChecksumNanoseconds + (levels * LevelNanoseconds)));
        return nanoseconds / forecast.RmapItems / 1e9;
    }

    private static double Depth(long nodes) => nodes > 1 ? Math.Log2(nodes) : 0;
}
