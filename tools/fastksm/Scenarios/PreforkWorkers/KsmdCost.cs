using System;

namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>What ksmd's work costs in CPU time: so much a visit, a checksum, and a step down a search tree.</summary>
/// <remarks>
/// A page that is merged, or that smart scan skips, costs a visit. Any other costs a visit and a checksum, and if that has
/// stayed a search of the stable and of the unstable tree, each log2 of its size deep. That is the model of
/// <see cref="Evaluation.ScanCost"/>, of which the forecasts of <c>evaluate</c> are made and checked against ksmd of Linux 6.18.
/// What merging itself costs is left out: in the steady state little merges.
/// </remarks>
/// <param name="VisitNanoseconds">A visit.</param>
/// <param name="ChecksumNanoseconds">A checksum of a page that is not in the cache.</param>
/// <param name="LevelNanoseconds">A step.</param>
internal readonly record struct KsmdCost(double VisitNanoseconds, double ChecksumNanoseconds, double LevelNanoseconds)
{
    /// <summary>CPU time of what was done between two moments.</summary>
    /// <param name="before">The first moment.</param>
    /// <param name="after">The second.</param>
    /// <param name="scale">Pages for which one of the model stands: as many times it was done, in trees as many times as large.</param>
    internal TimeSpan Of(in KsmdWork before, in KsmdWork after, int scale)
    {
        double levels = Depth(after.StableNodes * (double)scale) + Depth(after.UnstableNodes * (double)scale);
        double nanoseconds = ((after.Visits - before.Visits) * VisitNanoseconds)
            + ((after.Checksums - before.Checksums) * ChecksumNanoseconds)
            + ((after.Searches - before.Searches) * levels * LevelNanoseconds);
        return TimeSpan.FromTicks((long)(nanoseconds * scale / TimeSpan.NanosecondsPerTick));
    }

    private static double Depth(double nodes) => nodes > 1 ? Math.Log2(nodes) : 0;
}
