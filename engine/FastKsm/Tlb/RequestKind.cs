namespace FastKsm.Tlb;

/// <summary>How a request reaches a CPU.</summary>
internal enum RequestKind
{
    /// <summary>By interrupt, or by a call on the CPU itself: the kernel's handler decides what to do.</summary>
    Interrupt,

    /// <summary>By hardware that invalidates on all CPUs: exactly what is named, whatever the CPU runs.</summary>
    Broadcast,

    /// <summary>The kernel's own range, on every CPU.</summary>
    Kernel,
}
