namespace FastKsm.Tlb;

/// <summary>What flushes have cost, counted as Linux does (<c>nr_tlb_*</c>), and more.</summary>
internal struct TlbCounters
{
    /// <summary><c>nr_tlb_remote_flush</c>: flush operations whose mask held another CPU.</summary>
    internal long RemoteFlush;

    /// <summary><c>nr_tlb_remote_flush_received</c>: requests handled on other CPUs.</summary>
    internal long RemoteFlushReceived;

    /// <summary><c>nr_tlb_local_flush_all</c>: full flushes by the initiator's own handler.</summary>
    internal long LocalFlushAll;

    /// <summary><c>nr_tlb_local_flush_one</c>: single invalidations by the initiator's own handler.</summary>
    internal long LocalFlushOne;
}
