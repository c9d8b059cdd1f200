namespace FastKsm.Scripting.Syntax;

/// <summary>What a script can tell <c>madvise</c>: Linux's list, its words in lower case.</summary>
public enum MemoryAdvice
{
    /// <summary>MADV_NORMAL.</summary>
    Normal,

    /// <summary>MADV_RANDOM.</summary>
    Random,

    /// <summary>MADV_SEQUENTIAL.</summary>
    Sequential,

    /// <summary>MADV_WILLNEED.</summary>
    WillNeed,

    /// <summary>MADV_DONTNEED.</summary>
    DontNeed,

    /// <summary>MADV_DONTNEED_LOCKED.</summary>
    DontNeedLocked,

    /// <summary>MADV_FREE.</summary>
    Free,

    /// <summary>MADV_COLD.</summary>
    Cold,

    /// <summary>MADV_PAGEOUT.</summary>
    PageOut,

    /// <summary>MADV_REMOVE.</summary>
    Remove,

    /// <summary>MADV_DONTFORK.</summary>
    DontFork,

    /// <summary>MADV_DOFORK.</summary>
    DoFork,

    /// <summary>MADV_WIPEONFORK.</summary>
    WipeOnFork,

    /// <summary>MADV_KEEPONFORK.</summary>
    KeepOnFork,

    /// <summary>MADV_DONTDUMP.</summary>
    DontDump,

    /// <summary>MADV_DODUMP.</summary>
    DoDump,

    /// <summary>MADV_MERGEABLE.</summary>
    Mergeable,

    /// <summary>MADV_UNMERGEABLE.</summary>
    Unmergeable,

    /// <summary>MADV_HUGEPAGE.</summary>
    HugePage,

    /// <summary>MADV_NOHUGEPAGE.</summary>
    NoHugePage,

    /// <summary>MADV_COLLAPSE.</summary>
    Collapse,

    /// <summary>MADV_POPULATE_READ.</summary>
    PopulateRead,

    /// <summary>MADV_POPULATE_WRITE.</summary>
    PopulateWrite,

    /// <summary>MADV_GUARD_INSTALL.</summary>
    GuardInstall,

    /// <summary>MADV_GUARD_REMOVE.</summary>
    GuardRemove,

    /// <summary>MADV_HWPOISON.</summary>
    HardwarePoison,

    /// <summary>MADV_SOFT_OFFLINE.</summary>
    SoftOffline,
}
