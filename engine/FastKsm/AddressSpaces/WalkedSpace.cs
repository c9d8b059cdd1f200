
namespace FastKsm.AddressSpaces;

/// <summary>What reverse-map walks do to an address space.</summary>
/// <remarks>
/// Called without the mm lock, under the range lock of the page's index, which keeps the VMA, and with the frame locked by
/// the walk. Whether the page maps the frame is known only under the latch of its leaf; each member looks for itself.
/// Thread safety: members may be called concurrently with everything that happens to the address space.
/// </remarks>
internal abstract class WalkedSpace
{
    /// <summary>
    /// Id among the machine's address spaces; at least one. An object that is used again has another one.
    /// </summary>
    internal uint Id { get; private protected set; }

    /// <summary>Asks for what a visit to a page reads first. Changes nothing but time.</summary>
    internal abstract void Prefetch(ulong page);

    /// <summary>Whether a page maps a frame at this moment.</summary>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame it may map.</param>
    internal abstract bool Maps(ulong page, Pfn frame);

    /// <summary>Forgets that a page has been used.</summary>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame it may map.</param>
    /// <param name="wasUsed">Whether it had been.</param>
    internal abstract PteOutcome ClearAccessed(ulong page, Pfn frame, out bool wasUsed);

    /// <summary>Puts a migration entry in the place of a page's mapping.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame it may map.</param>
    /// <param name="held">References to the frame that the caller has.</param>
    internal abstract PteOutcome BeginMigration(int cpu, ulong page, Pfn frame, int held);

    /// <summary>Puts the mapping of a frame in the place of a migration entry.</summary>
    /// <param name="page">The page.</param>
    /// <param name="from">The frame that the entry names.</param>
    /// <param name="to">The frame that is mapped from now on; may be the same.</param>
    internal abstract PteOutcome EndMigration(ulong page, Pfn from, Pfn to);

    /// <summary>
    /// Puts the mapping of a frame that was one of a huge page's in the place of its migration entry.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame that the entry names.</param>
    /// <param name="mayDrop">Whether a page of zeroes is mapped to the zero frame instead.</param>
    /// <param name="zeroes">One more if it was.</param>
    internal abstract PteOutcome EndDissolving(ulong page, Pfn frame, bool mayDrop, ref int zeroes);

    /// <summary>Puts a swap entry in the place of a page's mapping.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame it may map.</param>
    /// <param name="slot">The slot; 0 to drop the page, whose content nobody wants.</param>
    /// <param name="held">References to the frame that the caller has.</param>
    /// <param name="fills">
    /// Whether the slot has no content yet, so that it has to get it before the entry shows.
    /// </param>
    internal abstract PteOutcome SwapOut(int cpu, ulong page, Pfn frame, uint slot, int held, bool fills);
}
