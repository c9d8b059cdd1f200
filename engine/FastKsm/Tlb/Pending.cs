using System;

namespace FastKsm.Tlb;

/// <summary>What a driver has to do before it uses its CPU's TLB again.</summary>
[Flags]
internal enum Pending
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Handle the requests in the queue.</summary>
    Requests = 1,

    /// <summary>Come back from a kernel thread that ran in between.</summary>
    Return = 2,

    /// <summary>Flush all: the CPU was not run by its host when it was asked to flush.</summary>
    FlushOnEntry = 4,

    /// <summary>
    /// Nothing, but each section begins with a full fence: stays set, so that accesses without fences need not look.
    /// </summary>
    Fence = 8,
}
