namespace FastKsm.Cli.Evaluation;

/// <summary>Linux's counters in the steady state: pages at rest, every page processed in each scan (no smart-scan skips).</summary>
internal record struct MergeForecast
{
    /// <summary>Bytes of ksmd's record of one scanned address, on 64-bit Linux.</summary>
    internal const int RmapItemBytes = 64;

    /// <summary>KSM pages in use.</summary>
    internal long PagesShared;

    /// <summary>Further addresses on them.</summary>
    internal long PagesSharing;

    /// <summary>Pages that ksmd keeps looking up in vain.</summary>
    internal long PagesUnshared;

    /// <summary>Pages that are in no tree: those that are shared by fork and by nothing else, and those that change.</summary>
    internal long PagesVolatile;

    /// <summary>Pages replaced by the zero frame, those of today included.</summary>
    internal long KsmZeroPages;

    /// <summary>Contents that take more than one KSM page.</summary>
    internal long StableNodeChains;

    /// <summary>KSM pages of such contents.</summary>
    internal long StableNodeDups;

    /// <summary>Records that ksmd keeps.</summary>
    internal long RmapItems;

    /// <summary>Frames behind the evaluated pages today.</summary>
    internal long FramesBefore;

    /// <summary>Frames behind them afterwards.</summary>
    internal long FramesAfter;

    /// <summary>Zero pages inside huge pages that the split gives back.</summary>
    internal long DroppedBySplit;

    /// <summary>Linux's <c>general_profit</c>, in bytes.</summary>
    internal readonly long GeneralProfit(long pageSize) =>
        ((PagesSharing + KsmZeroPages) * pageSize) - (RmapItems * RmapItemBytes);

    /// <summary>
    /// Bytes really given back: frames less frames, less the records. Smaller than <see cref="GeneralProfit"/> where forked
    /// processes share frames already, since <c>pages_sharing</c> counts those addresses as savings too.
    /// </summary>
    internal readonly long MemorySaved(long pageSize) =>
        ((FramesBefore - FramesAfter) * pageSize) - (RmapItems * RmapItemBytes);
}
