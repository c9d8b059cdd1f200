namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>What ksmd has done so far, and how large its trees are.</summary>
/// <param name="Visits">Pages that it came by, skipped ones among them.</param>
/// <param name="Checksums">Checksums taken.</param>
/// <param name="Searches">Contents looked for.</param>
/// <param name="StableNodes">Nodes of the stable tree.</param>
/// <param name="UnstableNodes">Nodes of the unstable tree.</param>
internal readonly record struct KsmdWork(long Visits, long Checksums, long Searches, long StableNodes, long UnstableNodes)
{
    /// <summary>Reads it from a machine.</summary>
    internal static KsmdWork Of(Ksm ksm)
    {
        (KsmCounters counters, KsmStatistics statistics) = (ksm.Counters, ksm.Statistics);
        return new KsmdWork(
            counters.PagesScanned + counters.PagesSkipped,
            statistics.ChecksumsTaken,
            statistics.PagesSearched,
            counters.PagesShared,
            counters.PagesUnshared);
    }
}
