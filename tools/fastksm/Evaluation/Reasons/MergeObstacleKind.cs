namespace FastKsm.Cli.Evaluation.Reasons;

/// <summary>Why memory does not merge.</summary>
internal enum MergeObstacleKind
{
    /// <summary>No equal page, and none that is nearly equal as far as was looked.</summary>
    Unique,

    /// <summary>Equal to another page but for addresses.</summary>
    DiffersInPointers,

    /// <summary>At least half of its parts of 256 bytes occur elsewhere.</summary>
    DiffersInParts,

    /// <summary>The one copy of each content that stays.</summary>
    KeptCopy,

    /// <summary>Further copies that stay because of max_page_sharing.</summary>
    SharingLimit,

    /// <summary>Shared by fork already, at no cost.</summary>
    SharedByFork,

    /// <summary>Changed while it was observed.</summary>
    Changing,

    /// <summary>Registered for I/O (io_uring).</summary>
    Registered,

    /// <summary>Pinned for devices or I/O, at a place that Linux does not tell.</summary>
    Pinned,

    /// <summary>Not marked mergeable, where only marked memory counts.</summary>
    NotMarked,

    /// <summary>Swapped out.</summary>
    Swapped,

    /// <summary>Memory files without a name, such as the RAM of virtual machines.</summary>
    Memfd,

    /// <summary>Other shared memory.</summary>
    SharedMemory,

    /// <summary>Files that are mapped shared.</summary>
    SharedFiles,

    /// <summary>Pages of files that were not written: the page cache has them once.</summary>
    FilePages,

    /// <summary>Huge pages of hugetlbfs.</summary>
    HugeTlb,

    /// <summary>Device memory.</summary>
    Device,

    /// <summary>Special mappings of the kernel, and droppable memory.</summary>
    Special,

    /// <summary>Went before it was read.</summary>
    Left,
}
