using System.Runtime.CompilerServices;

namespace FastKsm.Tlb;

/// <summary>What a CPU tells in one store when it begins to use a translation.</summary>
/// <remarks>
/// Layout, from the top: <c>[page 36][active 1][space 11][sequence 16]</c>; all zero outside of any section. A flush waits for sections inside its
/// range only, and not for one that begins later at the same page: the sequence tells them apart. What the narrow fields cannot tell apart
/// makes a flush wait in vain for a moment.
/// </remarks>
internal static class SectionWord
{
    private const int PageShift = 28;
    private const int SpaceShift = 16;
    private const ulong SpaceMask = ((1UL << 11) - 1) << SpaceShift;
    private const ulong SequenceMask = (1UL << SpaceShift) - 1;
    private const ulong Active = 1UL << 27;

    /// <summary>What is the same for all sections of an address space.</summary>
    internal static ulong BaseOf(ulong contextId) => Active | ((contextId << SpaceShift) & SpaceMask);

    /// <summary>The word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Of(ulong page, ulong spaceBase, ulong sequence) =>
        (page << PageShift) | spaceBase | (sequence & SequenceMask);

    /// <summary>Whether a section may be inside a range of an address space.</summary>
    /// <param name="word">What the CPU tells.</param>
    /// <param name="spaceBase">Of the address space; 0 for any.</param>
    /// <param name="firstPage">First page.</param>
    /// <param name="pages">Pages.</param>
    internal static bool IsInside(ulong word, ulong spaceBase, ulong firstPage, ulong pages) =>
        (word & Active) != 0
        && (spaceBase == 0 || ((word ^ spaceBase) & SpaceMask) == 0)
        && (word >> PageShift) - firstPage < pages;
}
