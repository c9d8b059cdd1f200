namespace FastKsm.Cli.Evaluation;

/// <summary>What becomes of some set of pages (a VMA's, a process's) in ksmd's steady state. All figures count pages.</summary>
internal record struct PageCounts
{
    /// <summary>Pages read: eligible, present, anonymous.</summary>
    internal long Pages;

    /// <summary>Pages that end on a KSM page: <c>ksm_merging_pages</c>.</summary>
    internal long Merging;

    /// <summary>Pages replaced by the zero frame: <c>ksm_zero_pages</c>.</summary>
    internal long PlacedZero;

    /// <summary>Pages of zeroes, whatever becomes of them.</summary>
    internal long ZeroContent;

    /// <summary>Zero pages inside huge pages: the split gives them back before KSM could merge them.</summary>
    internal long DroppedBySplit;

    /// <summary>Pages that merge and have an equal page earlier in the same process.</summary>
    internal long DuplicatesInside;

    /// <summary>Pages that merge, have none earlier in the same process, and have an equal page in another.</summary>
    internal long DuplicatesWithOthers;

    /// <summary>Pages whose content changed while they were observed.</summary>
    internal long Changed;

    /// <summary>Records that ksmd keeps for them: <c>ksm_rmap_items</c>.</summary>
    internal readonly long RmapItems => Pages - PlacedZero - DroppedBySplit;

    /// <summary>Linux's <c>ksm_process_profit</c> for them, in bytes.</summary>
    internal readonly long ProcessProfit(long pageSize) =>
        ((Merging + PlacedZero) * pageSize) - (RmapItems * MergeForecast.RmapItemBytes);

    /// <summary>
    /// What merging them gives, in bytes: Linux's figure, and the zeroes of huge pages that are taken apart, which no counter of Linux
    /// shows.
    /// </summary>
    internal readonly long Profit(long pageSize) => ProcessProfit(pageSize) + (DroppedBySplit * pageSize);

    /// <summary>Adds another set's figures.</summary>
    internal void Add(in PageCounts other)
    {
        Pages += other.Pages;
        Merging += other.Merging;
        PlacedZero += other.PlacedZero;
        ZeroContent += other.ZeroContent;
        DroppedBySplit += other.DroppedBySplit;
        DuplicatesInside += other.DuplicatesInside;
        DuplicatesWithOthers += other.DuplicatesWithOthers;
        Changed += other.Changed;
    }
}
