namespace FastKsm.Tlb;

/// <summary>What a <see cref="FlushEvent"/> tells.</summary>
internal enum FlushEventKind
{
    /// <summary>A CPU asks for a range or a whole address space.</summary>
    RangeFlush,

    /// <summary>A CPU makes the flush that a batch owes.</summary>
    BatchFlush,

    /// <summary>A CPU asks for the kernel's own range.</summary>
    KernelFlush,

    /// <summary>A request stands in a CPU's queue; its value says whether the CPU had to be interrupted.</summary>
    Request,

    /// <summary>A CPU's handler runs for another one.</summary>
    Received,

    /// <summary>A CPU's handler has ended.</summary>
    Handled,

    /// <summary>A CPU has gone on with an address space; its value says whether it flushed for that.</summary>
    Switch,

    /// <summary>A CPU that is not run by its host is to flush when it is.</summary>
    EntryAsked,

    /// <summary>It has.</summary>
    EntryFlushed,

    /// <summary>
    /// A batch may owe a flush of an address space that is about to be changed: an extra one follows.
    /// </summary>
    PendingFound,

    /// <summary>Broadcasting instructions, as many as its value says: INVLPGB or TLBI.</summary>
    Broadcast,

    /// <summary>An instruction that waits for these: TLBSYNC or DSB.</summary>
    Sync,

    /// <summary>TLBI for this CPU only, as many as its value says.</summary>
    LocalInvalidation,
}
