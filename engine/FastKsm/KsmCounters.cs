namespace FastKsm;

/// <summary>The counters of same-page merging, as under /sys/kernel/mm/ksm.</summary>
public readonly record struct KsmCounters
{
    /// <summary>Merged frames with at least one page, by the scanner's last visits (pages_shared).</summary>
    public long PagesShared { get; init; }

    /// <summary>Further pages on those frames: what is saved (pages_sharing).</summary>
    public long PagesSharing { get; init; }

    /// <summary>Quiet pages that are like no other (pages_unshared).</summary>
    public long PagesUnshared { get; init; }

    /// <summary>Pages with a record that are none of these (pages_volatile).</summary>
    public long PagesVolatile { get; init; }

    /// <summary>Visits since the machine was made (pages_scanned).</summary>
    public long PagesScanned { get; init; }

    /// <summary>Visits that smart scan left out (pages_skipped).</summary>
    public long PagesSkipped { get; init; }

    /// <summary>Full scans since everything was last unmerged (full_scans).</summary>
    public long FullScans { get; init; }

    /// <summary>Zero frames placed by merging that are still mapped (ksm_zero_pages).</summary>
    public long KsmZeroPages { get; init; }

    /// <summary>Bytes of sharing and zero pages, less 64 bytes for each record (general_profit).</summary>
    public long GeneralProfit { get; init; }

    /// <summary>Contents that have more than one frame (stable_node_chains).</summary>
    public long StableNodeChains { get; init; }

    /// <summary>Frames of those contents (stable_node_dups).</summary>
    public long StableNodeDups { get; init; }

    /// <summary>Pages that the scanner keeps a record of. Linux shows only their sum over processes.</summary>
    public long RmapItems { get; init; }
}
