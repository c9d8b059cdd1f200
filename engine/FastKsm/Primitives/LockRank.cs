namespace FastKsm.Primitives;

/// <summary>The locks of the engine, outer before inner: a thread takes them in this order only.</summary>
/// <remarks>The frame lock stands between <see cref="MmLock"/> and <see cref="MergedList"/>; it is only ever tried, and has no rank.</remarks>
internal enum LockRank : byte
{
    /// <summary>No lock.</summary>
    None,

    /// <summary>The list of processes.</summary>
    Processes,

    /// <summary>ksmd's, around all that it does.</summary>
    KsmMutex,

    /// <summary>An address space's. Fork takes two, of which the child's can be seen by no other thread.</summary>
    MmLock,

    /// <summary>The merger's list of address spaces.</summary>
    MmList,

    /// <summary>Pages of a merged frame.</summary>
    MergedList,

    /// <summary>Ranges of an anon_vma family, several of them by rising number.</summary>
    AnonVmaRange,

    /// <summary>The trees of an anon_vma family.</summary>
    AnonVmaStructure,

    /// <summary>Counts of the anon_vma table.</summary>
    AnonVmaTable,

    /// <summary>A page directory.</summary>
    PageDirectory,

    /// <summary>
    /// A leaf of a page table or of a backing object: from here on a thread neither waits nor allocates nor calls out. Fork
    /// takes two, of which the child's can be seen by no other thread.
    /// </summary>
    PageTableLeaf,

    /// <summary>Counts of the address spaces that share a huge page.</summary>
    HugeSharers,

    /// <summary>The list of backing objects.</summary>
    Objects,

    /// <summary>Address spaces by id.</summary>
    Spaces,

    /// <summary>A CPU's place in the swap devices.</summary>
    SwapCursor,

    /// <summary>Where all CPUs go on in a rotational swap device.</summary>
    SwapShared,

    /// <summary>The list of swap devices.</summary>
    SwapDevices,

    /// <summary>A cluster of swap slots.</summary>
    SwapCluster,

    /// <summary>Lists of a swap device.</summary>
    SwapLists,

    /// <summary>Slots that a group uses.</summary>
    SwapCounts,

    /// <summary>What stores the pages of a swap device.</summary>
    SwapBackend,

    /// <summary>A CPU's queue of flush requests.</summary>
    FlushQueue,

    /// <summary>The log of flushes, and queues of gathers.</summary>
    FlushLog,

    /// <summary>A CPU's cache of free frames.</summary>
    FrameCache,

    /// <summary>A node's free frames.</summary>
    FreeFrames,

    /// <summary>A slab or a pool of native records.</summary>
    Slab,

    /// <summary>A column of native records.</summary>
    Column,

    /// <summary>The queue of events. Nothing is called under it.</summary>
    Events,
}
