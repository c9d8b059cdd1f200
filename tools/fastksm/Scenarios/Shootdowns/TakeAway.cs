namespace FastKsm.Cli.Scenarios.Shootdowns;

/// <summary>How pages are taken away from the threads of a process, or changed under them.</summary>
internal enum TakeAway
{
    /// <summary>munmap, a run of pages a call.</summary>
    Unmap,

    /// <summary>madvise with MADV_DONTNEED, a run of pages a call.</summary>
    Discard,

    /// <summary>move_pages, a run of pages a call.</summary>
    Migrate,

    /// <summary>fork, then the parent writes each page.</summary>
    ForkAndWrite,

    /// <summary>ksmd merges all pages, which are equal.</summary>
    Merge,
}
