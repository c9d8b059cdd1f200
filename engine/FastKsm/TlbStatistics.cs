namespace FastKsm;

/// <summary>What translations and their flushes have cost, under Linux's names where Linux has the counter.</summary>
/// <remarks>Linux counts <c>nr_tlb_*</c> with CONFIG_DEBUG_TLBFLUSH only. A value is of a moment while CPUs run.</remarks>
public readonly record struct TlbStatistics
{
    /// <summary>Accesses that the first-level TLB served.</summary>
    public long Hits { get; init; }

    /// <summary>Accesses that the second level served.</summary>
    public long SecondLevelHits { get; init; }

    /// <summary>Walks of a page table.</summary>
    public long Walks { get; init; }

    /// <summary>Flush operations for one address space.</summary>
    public long FlushOperations { get; init; }

    /// <summary>Flush operations by a batch, for several address spaces.</summary>
    public long BatchOperations { get; init; }

    /// <summary><c>nr_tlb_remote_flush</c>: operations whose mask held another CPU, whether one was told or not.</summary>
    public long RemoteFlush { get; init; }

    /// <summary><c>nr_tlb_remote_flush_received</c>: requests handled by CPUs that had not asked.</summary>
    public long RemoteFlushReceived { get; init; }

    /// <summary><c>nr_tlb_local_flush_all</c>: full flushes by the CPU that asked, of its own TLB.</summary>
    public long LocalFlushAll { get; init; }

    /// <summary><c>nr_tlb_local_flush_one</c>: single invalidations by the CPU that asked.</summary>
    public long LocalFlushOne { get; init; }

    /// <summary>Requests to other CPUs.</summary>
    public long Requests { get; init; }

    /// <summary>Requests that took an interrupt; the others met one that was under way.</summary>
    public long Interrupts { get; init; }

    /// <summary>Handlers that found nothing to do.</summary>
    public long HandlersWithoutWork { get; init; }

    /// <summary>Handlers of CPUs that had not asked, and that removed a translation.</summary>
    public long UsefulShootdowns { get; init; }

    /// <summary>Flushes at a switch to an address space.</summary>
    public long SwitchFlushes { get; init; }

    /// <summary>Extra flushes because a batch might owe one.</summary>
    public long PendingFlushes { get; init; }

    /// <summary>Instructions that invalidate on all CPUs.</summary>
    public long Broadcasts { get; init; }
}
