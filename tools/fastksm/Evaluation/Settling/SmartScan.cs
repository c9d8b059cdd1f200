using System;

namespace FastKsm.Cli.Evaluation.Settling;

/// <summary>In which scans Linux processes a page that stays unmerged while smart scan is on (Linux 6.7 to 6.18).</summary>
/// <remarks>
/// It skips one, two, four and at last eight scans in a row, so that such a page is processed in the scans 1, 2, 3, 4, 6, 9, 14, and
/// then in every ninth. Pages that were marked together are processed together. Merged pages are never skipped.
/// </remarks>
internal static class SmartScan
{
    /// <summary>Scans from one visit of an old page to the next.</summary>
    internal const int Period = 9;

    private static readonly int[] s_first = [1, 2, 3, 4, 6, 9, 14];

    /// <summary>The scan in which a page is processed for the n-th time.</summary>
    /// <param name="visit">n, from 1.</param>
    internal static long ScanOfVisit(long visit) => visit <= s_first.Length
        ? s_first[Math.Max(visit, 1) - 1]
        : s_first[^1] + (Period * (visit - s_first.Length));

    /// <summary>How often a page has been processed after a number of scans.</summary>
    internal static int VisitsAfter(int scans)
    {
        int visits = 0;
        while (ScanOfVisit(visits + 1) <= scans)
        {
            visits++;
        }

        return visits;
    }
}
