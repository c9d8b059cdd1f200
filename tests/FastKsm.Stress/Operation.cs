namespace FastKsm.Stress;

/// <summary>What is counted.</summary>
internal enum Operation
{
    /// <summary>A read of what the thread has written itself.</summary>
    ReadOwn,

    /// <summary>A read of what another thread writes.</summary>
    ReadOther,

    /// <summary>A write.</summary>
    Write,

    /// <summary>A write or read that crosses from one page to the next.</summary>
    Cross,

    /// <summary>A read at the place where the block is not.</summary>
    Elsewhere,

    /// <summary>An access that was refused, as it had to be or may have been.</summary>
    Refused,

    /// <summary>mprotect.</summary>
    Protect,

    /// <summary>MADV_DONTNEED.</summary>
    DontNeed,

    /// <summary>MADV_FREE.</summary>
    Free,

    /// <summary>munmap and mmap.</summary>
    MapAgain,

    /// <summary>mremap.</summary>
    Move,

    /// <summary>MADV_PAGEOUT.</summary>
    AdvisePageOut,

    /// <summary>MADV_COLD.</summary>
    Cold,

    /// <summary>MADV_POPULATE_WRITE.</summary>
    Populate,

    /// <summary>MADV_UNMERGEABLE and MADV_MERGEABLE.</summary>
    Unmerge,

    /// <summary>A frame is borrowed.</summary>
    Pin,

    /// <summary>A borrowed frame is read.</summary>
    ReadPin,

    /// <summary>A switch to another process.</summary>
    Switch,

    /// <summary>fork.</summary>
    Fork,

    /// <summary>exec.</summary>
    Exec,

    /// <summary>exit.</summary>
    Exit,

    /// <summary>An operation for which no frame was free.</summary>
    OutOfFrames,

    /// <summary>A batch of ksmd.</summary>
    ScanBatch,

    /// <summary>A call of the migrator.</summary>
    Migrate,

    /// <summary>Frames that it moved.</summary>
    FramesMigrated,

    /// <summary>A call of the pager.</summary>
    PageOut,

    /// <summary>Frames that it paged out.</summary>
    FramesPagedOut,

    /// <summary>The second node was to be taken away.</summary>
    TakeNode,

    /// <summary>It was.</summary>
    NodesTaken,
}
