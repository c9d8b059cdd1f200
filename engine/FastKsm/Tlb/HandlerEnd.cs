namespace FastKsm.Tlb;

/// <summary>How a CPU's handler of a request ended.</summary>
internal enum HandlerEnd
{
    /// <summary>The CPU runs another address space; it has left the mask.</summary>
    WrongCpu,

    /// <summary>
    /// Nothing was left to do: the kernel's own page table is loaded, or the slot is as new as the address space.
    /// </summary>
    Nothing,

    /// <summary>The address space has been loaded again, under its global id.</summary>
    Reloaded,

    /// <summary>The CPU was lazy, and has gone over to the kernel's own page table.</summary>
    LeftLazy,

    /// <summary>The range has been invalidated.</summary>
    Range,

    /// <summary>All of the loaded address space's translations have been.</summary>
    Full,

    /// <summary>Hardware did it.</summary>
    Broadcast,

    /// <summary>Pages of the kernel's range.</summary>
    KernelRange,

    /// <summary>Everything, the kernel's own translations included.</summary>
    KernelAll,
}
