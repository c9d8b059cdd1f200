namespace FastKsm;

/// <summary>What same-page merging has to do with one process: the lines of /proc/PID/ksm_stat.</summary>
public readonly record struct KsmStat
{
    /// <summary>Pages that the scanner keeps a record of (ksm_rmap_items).</summary>
    public long RmapItems { get; init; }

    /// <summary>Zero frames that merging has placed and that are still mapped (ksm_zero_pages).</summary>
    public long ZeroPages { get; init; }

    /// <summary>Merged pages, by the scanner's last visit (ksm_merging_pages).</summary>
    public long MergingPages { get; init; }

    /// <summary>Bytes of merged and zero pages, less 64 bytes for each record (ksm_process_profit).</summary>
    public long ProcessProfit { get; init; }

    /// <summary>Whether every compatible mapping is a candidate (ksm_merge_any).</summary>
    public bool MergeAny { get; init; }

    /// <summary>Whether a mapping is a candidate at this moment (ksm_mergeable).</summary>
    public bool Mergeable { get; init; }
}
