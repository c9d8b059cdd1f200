using System;

namespace FastKsm.Cli.Evaluation;

/// <summary>Settings of ksmd and what follows from them.</summary>
/// <remarks>
/// A scan of N pages takes N / pages_to_scan batches and one more for what is left, which may be nothing; each is followed by a sleep
/// (<see cref="SleepRounding"/>). So T is about N · (c + sleep / pages_to_scan), and never less than one sleep.
/// </remarks>
/// <param name="PagesToScan">Pages a batch.</param>
/// <param name="SleepMilliseconds">Pause between batches.</param>
/// <param name="ScanSeconds">Time of a full scan, T; infinite where ksmd scans nothing.</param>
/// <param name="CpuSeconds">CPU time of a full scan.</param>
internal sealed record ScanSettings(long PagesToScan, long SleepMilliseconds, double ScanSeconds, double CpuSeconds)
{
    private const long DefaultSleepMilliseconds = 20;

    // Smaller batches cost more than twice the CPU time a page, since the caches are cold each time.
    private const long SmallestGoodBatch = 10;
    private const double CloseEnough = 0.97;
    private const long SizesTried = 100;

    /// <summary>Share of one CPU that ksmd takes, 0 to 1.</summary>
    internal double CpuShare => ScanSeconds > 0 && double.IsFinite(ScanSeconds) ? Math.Min(CpuSeconds / ScanSeconds, 1) : 0;

    /// <summary>What given settings lead to.</summary>
    /// <param name="scan">What is scanned, and what it costs.</param>
    /// <param name="pagesToScan">Pages a batch; 0 means that ksmd never scans.</param>
    /// <param name="sleepMilliseconds">Pause between batches.</param>
    internal static ScanSettings Of(in ScanTask scan, long pagesToScan, long sleepMilliseconds)
    {
        if (pagesToScan == 0)
        {
            return new ScanSettings(0, sleepMilliseconds, double.PositiveInfinity, 0);
        }

        long pages = scan.Pages.RmapItems;
        long whole = pages / pagesToScan;
        double batch = whole > 0 ? scan.BatchSeconds(pagesToScan, sleepMilliseconds) : 0;
        double last = scan.BatchSeconds(pages - (whole * pagesToScan), sleepMilliseconds);
        double period = whole > 0 ? scan.Rounding.Period(batch, sleepMilliseconds) : 0;
        return new ScanSettings(
            pagesToScan,
            sleepMilliseconds,
            (whole * period) + scan.Rounding.Period(last, sleepMilliseconds),
            (whole * batch) + last);
    }

    /// <summary>The settings that make a full scan take a given time, at Linux's default pause where that is possible.</summary>
    /// <param name="scan">What is scanned, and what it costs.</param>
    /// <param name="targetSeconds">Time wanted; positive.</param>
    /// <returns>Null where ksmd, one thread that sleeps once a scan at least, cannot be that fast.</returns>
    internal static ScanSettings? ForTarget(in ScanTask scan, double targetSeconds)
    {
        long most = Math.Max(scan.Pages.RmapItems, 1);
        if (Of(scan, most + 1, DefaultSleepMilliseconds).ScanSeconds > targetSeconds)
        {
            return null;
        }

        long low = 1;
        long high = most + 1;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            (low, high) = Of(scan, middle, DefaultSleepMilliseconds).ScanSeconds <= targetSeconds ? (low, middle) : (middle + 1, high);
        }

        ScanSettings settings = Of(scan, low, DefaultSleepMilliseconds);
        return low >= Math.Min(SmallestGoodBatch, most) && settings.ScanSeconds >= targetSeconds * CloseEnough
            ? settings
            : WithLongerSleep(scan, targetSeconds, settings);
    }

    // Sleeps come in steps of a tick, long ones of up to an eighth, and small batches in steps of a page: among a few sizes of batches
    // there is one that comes close.
    private static ScanSettings WithLongerSleep(in ScanTask scan, double targetSeconds, ScanSettings best)
    {
        long first = Math.Max(best.PagesToScan, SmallestGoodBatch);
        for (long batch = first; batch < first + SizesTried && best.ScanSeconds < targetSeconds * CloseEnough; batch++)
        {
            long low = DefaultSleepMilliseconds;
            long high = (long)Math.Min(targetSeconds * 1e3, uint.MaxValue);
            while (low < high)
            {
                long middle = low + ((high - low + 1) / 2);
                (low, high) = Of(scan, batch, middle).ScanSeconds <= targetSeconds ? (middle, high) : (low, middle - 1);
            }

            ScanSettings settings = Of(scan, batch, low);
            if (settings.ScanSeconds <= targetSeconds && settings.ScanSeconds > best.ScanSeconds)
            {
                best = settings;
            }
        }

        return best;
    }
}
