namespace FastKsm;

/// <summary>What same-page merging has done since the machine was made, and no file of Linux's counts.</summary>
public readonly record struct KsmStatistics
{
    /// <summary>Contents that came to need a second frame.</summary>
    public long ChainsMade { get; init; }

    /// <summary>Chains whose last frame took their place.</summary>
    public long ChainsCollapsed { get; init; }

    /// <summary>Chains looked through in whole because stable_node_chains_prune_millisecs had elapsed.</summary>
    public long ChainsPruned { get; init; }

    /// <summary>Stable nodes found to have lost their frame.</summary>
    public long StaleNodesDiscarded { get; init; }

    /// <summary>Visits to pages that are not merged, each of which takes a checksum.</summary>
    public long ChecksumsTaken { get; init; }

    /// <summary>Visits to pages whose checksum has stayed: their content is looked for. What makes ksmd's CPU time.</summary>
    public long PagesSearched { get; init; }

    /// <summary>Pages of zeroes replaced by the zero frame.</summary>
    public long ZeroPagesPlaced { get; init; }

    /// <summary>Times that the contents of two frames were compared, in searches and before anything was merged.</summary>
    public long PagesCompared { get; init; }

    /// <summary>Pages that could not be merged because somebody had borrowed their frame.</summary>
    public long BorrowedPagesMet { get; init; }

    /// <summary>Huge pages that were taken apart so that pages of theirs could merge.</summary>
    public long HugePagesSplit { get; init; }

    /// <summary>
    /// Pages that were write-protected ahead of a merge that did not come: at the end of their batch they had their frame to
    /// themselves, and got the right to write back, unless a write had got it before, by a fault. None but with
    /// <see cref="MergeFlushes.Batched"/>.
    /// </summary>
    public long PagesProtectedInVain { get; init; }
}
