namespace FastKsm.Merging;

/// <summary>The counters of same-page merging, by Linux's names. All but the scanned and skipped ones are recounts of a state.</summary>
/// <remarks>Thread safety: changed under the ksm mutex; each may be read at any time.</remarks>
internal sealed class MergeCounters
{
    /// <summary>Stable nodes with at least one item (pages_shared).</summary>
    internal long PagesShared;

    /// <summary>Further items on those nodes (pages_sharing).</summary>
    internal long PagesSharing;

    /// <summary>Items in the unstable index, or left over from the last one (pages_unshared).</summary>
    internal long PagesUnshared;

    /// <summary>Items that exist.</summary>
    internal long RmapItems;

    /// <summary>Chains (stable_node_chains).</summary>
    internal long Chains;

    /// <summary>Stable nodes on chains (stable_node_dups).</summary>
    internal long Dups;

    /// <summary>Visits (pages_scanned); never reset.</summary>
    internal long PagesScanned;

    /// <summary>Visits that smart scan left out (pages_skipped); never reset.</summary>
    internal long PagesSkipped;

    /// <summary>Full scans since everything was last unmerged (full_scans); numbers the scan that is under way.</summary>
    internal long FullScans;

    /// <summary>Events that Linux does not count.</summary>
    internal MergeStatistics Statistics { get; } = new();
}
