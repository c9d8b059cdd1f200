namespace FastKsm.Tlb;

/// <summary>An address space of which a CPU holds translations.</summary>
/// <param name="ContextId">Its id; 0 for none.</param>
/// <param name="Generation">The CPU holds nothing of it that is older than this.</param>
internal record struct ContextSlot(ulong ContextId, ulong Generation);
