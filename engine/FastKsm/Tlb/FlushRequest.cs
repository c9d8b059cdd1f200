namespace FastKsm.Tlb;

/// <summary>What a CPU is asked to forget.</summary>
/// <param name="Mm">The address space; null for that which the CPU has loaded, whichever it is (a batch).</param>
/// <param name="ContextId">The address space's id when the request was made.</param>
/// <param name="FirstPage">First page.</param>
/// <param name="Pages">Pages; <see cref="FlushEngine.All"/> for all.</param>
/// <param name="StrideShift">Binary logarithm of the pages that one invalidation covers.</param>
/// <param name="NewGeneration">The generation that the change made; 0 for none.</param>
/// <param name="Initiator">The CPU that asks.</param>
/// <param name="Kind">How it reaches the CPU.</param>
internal readonly record struct FlushRequest(
    SpaceTranslations? Mm,
    ulong ContextId,
    ulong FirstPage,
    ulong Pages,
    int StrideShift,
    ulong NewGeneration,
    int Initiator,
    RequestKind Kind)
{
    /// <summary>Single invalidations; 0 for a range shorter than a stride, although one is made.</summary>
    internal long Strides => (long)(Pages >> StrideShift);
}
