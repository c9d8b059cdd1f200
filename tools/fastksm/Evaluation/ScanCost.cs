using System;

namespace FastKsm.Cli.Evaluation;

/// <summary>What a scan by ksmd costs in CPU time: a page, and a batch of pages after a sleep.</summary>
/// <remarks>
/// A merged page costs a visit. Any other page costs a visit, a checksum, and a search of the stable and of the unstable tree. A
/// level of a tree costs fixed work and some loads that wait for each other: from a near cache at the top, from farther away the
/// more nodes a level has. After a sleep the caches are cold, and the upper levels have to be fetched anew for each batch.
/// The fixed figures were fitted to ksmd of Linux 6.18 on two kinds of host (CPU time over pages scanned, unique
/// pages, smart_scan=0): Zen 4, 2.8, 4.0 and 5.5 µs a page among 2,048, 32,768 and 262,144; Zen 5 under a busy
/// hypervisor, 3.1, 4.9 and 7.0 µs, and 23.9, 10.7, 6.8 and 5.6 µs among 40,000 in batches of 1, 10, 100 and 1,000 pages.
/// </remarks>
/// <param name="ChecksumNanoseconds">Checksum of a page that is not in the cache.</param>
/// <param name="NearNanoseconds">A load from memory that fits the second-level cache.</param>
/// <param name="MiddleNanoseconds">A load from memory that fits the third-level cache.</param>
/// <param name="FarNanoseconds">A load from memory that fits none.</param>
/// <param name="Spread">The median round of measuring, as a multiple of the least one.</param>
/// <param name="IsBusy">Whether the machine was too busy to tell.</param>
/// <param name="Source">Where the figures come from, in words.</param>
internal sealed record ScanCost(
    double ChecksumNanoseconds,
    double NearNanoseconds,
    double MiddleNanoseconds,
    double FarNanoseconds,
    double Spread,
    bool IsBusy,
    string Source)
{
    private const double VisitNanoseconds = 230;
    private const double LevelNanoseconds = 180;
    private const double LoadsOfLevel = 6;
    private const double BytesOfNode = LoadsOfLevel * 64;
    private const double NearBytes = 256 << 10;
    private const double MiddleBytes = 4 << 20;
    private const double FarBytes = 64 << 20;
    private const double WakeNanoseconds = 12_000;
    private const int LevelsThatCool = 8;
    private const double LoadsOfCoolNode = 7;

    /// <summary>What the fixed figures are off by on hosts that were measured.</summary>
    private const double ErrorOfModel = 0.2;

    /// <summary>For a host on which nothing can be measured.</summary>
    internal static ScanCost Typical { get; } = new(250, 5, 20, 100, 1.5, IsBusy: true, "typical figures: nothing could be measured here");

    /// <summary>By how much the running ksmd costs more than reckoned.</summary>
    internal double Factor { get; init; } = 1;

    /// <summary>Least share of the reckoned cost to be expected.</summary>
    internal static double LowShare => 1 - ErrorOfModel;

    /// <summary>Greatest share of the reckoned cost to be expected.</summary>
    internal double HighShare => (1 + ErrorOfModel) * Spread;

    /// <summary>CPU time a page, averaged over a scan in the steady state without sleeps, in seconds.</summary>
    internal double SecondsPerPage(in MergeForecast forecast) =>
        forecast.RmapItems == 0 ? 0 : Factor * Nanoseconds(in forecast) / forecast.RmapItems / 1e9;

    /// <summary>CPU time of one batch of pages, in seconds.</summary>
    /// <param name="forecast">All that is scanned: the batch is a part of it.</param>
    /// <param name="batch">Pages in the batch.</param>
    /// <param name="sleeps">Whether ksmd sleeps before the batch.</param>
    internal double SecondsOf(in MergeForecast forecast, double batch, bool sleeps)
    {
        double cold = 0;
        if (sleeps)
        {
            long searched = Math.Max(forecast.RmapItems - forecast.PagesShared - forecast.PagesSharing, 0);
            double searches = forecast.RmapItems == 0 ? 0 : batch * searched / forecast.RmapItems;
            double nodes = 0;
            for (int level = 0; level < LevelsThatCool && 1 << level <= forecast.PagesShared + forecast.PagesUnshared; level++)
            {
                nodes += Math.Min(1 << level, searches);
            }

            cold = Factor * (WakeNanoseconds + (nodes * LoadsOfCoolNode * FarNanoseconds)) / 1e9;
        }

        return (batch * SecondsPerPage(in forecast)) + cold;
    }

    private double Nanoseconds(in MergeForecast forecast)
    {
        double merged = forecast.PagesShared + forecast.PagesSharing;
        double searched = Math.Max(forecast.RmapItems - merged, 0);
        return (forecast.RmapItems * VisitNanoseconds)
            + (searched * (ChecksumNanoseconds + SearchNanoseconds(forecast.PagesShared) + SearchNanoseconds(forecast.PagesUnshared)));
    }

    private double SearchNanoseconds(long nodes)
    {
        double nanoseconds = 0;
        double depth = nodes > 1 ? Math.Log2(nodes) : 0;
        for (int level = 0; level < depth; level++)
        {
            double share = Math.Min(depth - level, 1);
            nanoseconds += share * (LevelNanoseconds + (LoadsOfLevel * LoadNanoseconds(BytesOfNode * Math.Pow(2, level + 1))));
        }

        return nanoseconds;
    }

    // Between the sizes that were measured, by the logarithm of the size.
    private double LoadNanoseconds(double bytes) =>
        bytes <= NearBytes ? NearNanoseconds
        : bytes <= MiddleBytes ? Between(bytes, NearBytes, NearNanoseconds, MiddleBytes, MiddleNanoseconds)
        : bytes <= FarBytes ? Between(bytes, MiddleBytes, MiddleNanoseconds, FarBytes, FarNanoseconds)
        : FarNanoseconds;

    private static double Between(double bytes, double fewer, double low, double more, double high) =>
        low + ((high - low) * Math.Log2(bytes / fewer) / Math.Log2(more / fewer));
}
