namespace FastKsm;

/// <summary>What <c>madvise</c> can be told about a range.</summary>
public enum Advice
{
    /// <summary>No special access pattern (MADV_NORMAL): takes back the two below.</summary>
    Normal,

    /// <summary>Random accesses (MADV_RANDOM).</summary>
    Random,

    /// <summary>Sequential accesses (MADV_SEQUENTIAL).</summary>
    Sequential,

    /// <summary>Drop the pages now; anonymous memory reads as zero afterwards (MADV_DONTNEED).</summary>
    DontNeed,

    /// <summary>The contents may be lost until next written (MADV_FREE).</summary>
    Free,

    /// <summary>Not needed soon (MADV_COLD).</summary>
    Cold,

    /// <summary>A child gets a hole here (MADV_DONTFORK).</summary>
    DontFork,

    /// <summary>Takes that back (MADV_DOFORK).</summary>
    DoFork,

    /// <summary>A child gets empty pages here (MADV_WIPEONFORK).</summary>
    WipeOnFork,

    /// <summary>Takes that back (MADV_KEEPONFORK).</summary>
    KeepOnFork,

    /// <summary>Left out of core dumps (MADV_DONTDUMP).</summary>
    DontDump,

    /// <summary>Takes that back (MADV_DODUMP).</summary>
    DoDump,

    /// <summary>Candidate for same-page merging (MADV_MERGEABLE).</summary>
    Mergeable,

    /// <summary>Takes that back and gives every merged page a copy of its own (MADV_UNMERGEABLE).</summary>
    Unmergeable,

    /// <summary>Prefer huge pages (MADV_HUGEPAGE).</summary>
    HugePage,

    /// <summary>Avoid huge pages (MADV_NOHUGEPAGE).</summary>
    NoHugePage,

    /// <summary>Fault every page in, for reading (MADV_POPULATE_READ).</summary>
    PopulateRead,

    /// <summary>Fault every page in, for writing (MADV_POPULATE_WRITE).</summary>
    PopulateWrite,

    /// <summary>Not needed soon, and to be paged out, where nobody else maps it (MADV_PAGEOUT).</summary>
    PageOut,
}
