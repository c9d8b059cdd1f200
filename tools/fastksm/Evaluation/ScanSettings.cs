using System;

namespace FastKsm.Cli.Evaluation;

/// <summary>Settings of ksmd and what follows from them: T = N · (c + sleep / pages_to_scan).</summary>
/// <param name="PagesToScan">Pages a batch; at least one.</param>
/// <param name="SleepMilliseconds">Pause between batches.</param>
/// <param name="ScanSeconds">Time of a full scan, T; infinite where ksmd scans nothing.</param>
/// <param name="CpuShare">Share of one CPU that ksmd takes, 0 to 1.</param>
internal sealed record ScanSettings(long PagesToScan, long SleepMilliseconds, double ScanSeconds, double CpuShare)
{
    /// <summary>What given settings lead to.</summary>
    /// <param name="pages">Pages in a full scan, N.</param>
    /// <param name="secondsPerPage">CPU time a page, c.</param>
    /// <param name="pagesToScan">Pages a batch; 0 means that ksmd never scans.</param>
    /// <param name="sleepMilliseconds">Pause between batches.</param>
    internal static ScanSettings Of(long pages, double secondsPerPage, long pagesToScan, long sleepMilliseconds)
    {
        if (pagesToScan == 0)
        {
            return new ScanSettings(0, sleepMilliseconds, double.PositiveInfinity, 0);
        }

        double sleepPerPage = sleepMilliseconds / 1e3 / pagesToScan;
        double total = secondsPerPage + sleepPerPage;
        return new ScanSettings(
            pagesToScan, sleepMilliseconds, pages * total, total == 0 ? 0 : secondsPerPage / total);
    }

    /// <summary>The settings that make a full scan take a given time, at Linux's default pause where that is possible.</summary>
    /// <param name="pages">Pages in a full scan, N.</param>
    /// <param name="secondsPerPage">CPU time a page, c.</param>
    /// <param name="targetSeconds">Time wanted; positive.</param>
    /// <returns>Null where ksmd, one thread, needs more CPU time for a full scan than that.</returns>
    internal static ScanSettings? ForTarget(long pages, double secondsPerPage, double targetSeconds)
    {
        const long DefaultSleepMilliseconds = 20;
        double sleepSeconds = targetSeconds - (pages * secondsPerPage);
        if (sleepSeconds <= 0)
        {
            return null;
        }

        double pagesToScan = Math.Ceiling(pages * (DefaultSleepMilliseconds / 1e3) / sleepSeconds);
        return Of(pages, secondsPerPage, (long)Math.Clamp(pagesToScan, 1, uint.MaxValue), DefaultSleepMilliseconds);
    }
}
