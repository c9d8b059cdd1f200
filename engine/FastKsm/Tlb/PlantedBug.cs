namespace FastKsm.Tlb;

/// <summary>Faults that tests plant, to show that they are found.</summary>
internal enum PlantedBug
{
    /// <summary>None.</summary>
    None,

    /// <summary>A flush reads the sections of other CPUs without the barrier before.</summary>
    NoBarrier,

    /// <summary>A flush does not wait for sections.</summary>
    NoWait,

    /// <summary>A flush does not raise the generation.</summary>
    NoGeneration,

    /// <summary>A CPU that was lazy does not compare generations when it goes on.</summary>
    NoCompareAfterLazy,

    /// <summary>A CPU that switches to an address space it has a slot for does not compare generations.</summary>
    NoCompareAtSwitch,

    /// <summary>A CPU reads the generation before it is in the mask.</summary>
    MaskSetLate,

    /// <summary>The last page of a range is left out.</summary>
    RangeTooShort,

    /// <summary>A request one of whose predecessors is missing is still handled as a range.</summary>
    RangeOverGap,

    /// <summary>Lazy CPUs are skipped although page tables are freed.</summary>
    LazySkippedForTables,

    /// <summary>The requests are not sent.</summary>
    NotSent,

    /// <summary>A batch flush does nothing.</summary>
    BatchNotFlushed,

    /// <summary>A gather does not flush.</summary>
    GatherNotFlushed,

    /// <summary>A gather lets go of its frames before it flushes.</summary>
    ReleasedBeforeFlush,

    /// <summary>A gather lets go of its page tables before it flushes.</summary>
    TablesReleasedBeforeFlush,

    /// <summary>A gather does not look whether another one is under way.</summary>
    NestedNotSeen,

    /// <summary>A store by a translation that was filled clean does not look at the page table again.</summary>
    DirtyRuleIgnored,

    /// <summary>Whether a page is borrowed is looked at before the flush that keeps borrowers away.</summary>
    PinsSeenBeforeFlush,

    /// <summary>Merging in batches lets go of the frames that pages have given up before it flushes.</summary>
    TwinReleasedBeforeFlush,

    /// <summary>Merging in batches takes a page that was protected ahead for one that is, though it may be written again.</summary>
    WriteNotNoticed,
}
