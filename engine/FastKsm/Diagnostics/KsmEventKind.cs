namespace FastKsm;

/// <summary>Linux's tracepoints of same-page merging.</summary>
public enum KsmEventKind
{
    /// <summary>ksm_start_scan: a full scan begins. Fields: seq, rmap_entries.</summary>
    StartScan = 0,

    /// <summary>ksm_stop_scan: a full scan is complete. Fields: seq, rmap_entries.</summary>
    StopScan,

    /// <summary>ksm_enter: an address space is registered. Fields: mm.</summary>
    Enter,

    /// <summary>ksm_exit: a registered address space is going away. Fields: mm.</summary>
    Exit,

    /// <summary>
    /// ksm_merge_one_page: an attempt to put the zero frame in a page's place. Fields: pfn, rmap_item, mm, err.
    /// </summary>
    MergeOnePage,

    /// <summary>
    /// ksm_merge_with_ksm_page: an attempt to merge a page, or to make its frame a merged one. Fields: ksm_page, pfn,
    /// rmap_item, mm, err.
    /// </summary>
    MergeWithKsmPage,

    /// <summary>ksm_remove_ksm_page: a stable node is discarded. Fields: pfn.</summary>
    RemoveKsmPage,

    /// <summary>
    /// ksm_remove_rmap_item: an item of a discarded node, but for the last of its list. Fields: pfn, rmap_item, mm.
    /// </summary>
    RemoveRmapItem,

    /// <summary>ksm_advisor: what the advisor found. Fields: scan_time, pages_to_scan, cpu_percent.</summary>
    Advisor,
}
