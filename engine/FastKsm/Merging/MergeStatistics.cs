namespace FastKsm.Merging;

/// <summary>Events of merging, counted since the machine was made; none is ever reset.</summary>
/// <remarks>Thread safety: changed under the ksm mutex; each may be read at any time.</remarks>
internal sealed class MergeStatistics
{
    /// <summary>Contents that came to need a second frame.</summary>
    internal long ChainsMade;

    /// <summary>Chains whose last dup took their place.</summary>
    internal long ChainsCollapsed;

    /// <summary>Selections in which the prune interval of the chain had elapsed.</summary>
    internal long ChainsPruned;

    /// <summary>Stable nodes found stale.</summary>
    internal long StaleNodesDiscarded;

    /// <summary>Visits in which a checksum was taken.</summary>
    internal long ChecksumsTaken;

    /// <summary>Visits in which the content was looked for, in the stable index and perhaps in the unstable one.</summary>
    internal long PagesSearched;

    /// <summary>Pages replaced by the zero frame.</summary>
    internal long ZeroPagesPlaced;

    /// <summary>Huge pages taken apart.</summary>
    internal long HugePagesSplit;

    /// <summary>Pages that were write-protected ahead of a merge that did not come.</summary>
    internal long PagesProtectedInVain;
}
