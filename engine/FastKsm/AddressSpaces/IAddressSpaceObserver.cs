using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>
/// What address spaces tell those who stand on them; a readonly struct, passed as a type argument, so that calls
/// inline.
/// </summary>
/// <remarks>
/// Called under the mm lock, some members also under a leaf's latch: implementations count and mark, they neither wait nor
/// call back. Thread safety: members may be called by several threads at once.
/// </remarks>
internal interface IAddressSpaceObserver
{
    /// <summary>
    /// PTEs of a range have lost a frame or a permission; whoever cached a translation must give it up now.
    /// </summary>
    /// <remarks>Comes after the PTEs have changed and before any frame that they led to can be reused.</remarks>
    /// <param name="site">Which of the engine's flushes this is.</param>
    /// <param name="addressSpace">Id of the address space.</param>
    /// <param name="firstPage">First page.</param>
    /// <param name="pages">Number of pages.</param>
    void TranslationsKilled(FlushSite site, uint addressSpace, ulong firstPage, ulong pages);

    /// <summary>A write or unshare fault has copied a merged frame (vmstat's <c>cow_ksm</c>).</summary>
    /// <param name="addressSpace">Id of the address space.</param>
    void MergedFrameCopied(uint addressSpace);

    /// <summary>Zero frames placed by the merger have come (by fork) or gone.</summary>
    /// <param name="addressSpace">Id of the address space.</param>
    /// <param name="change">Number of pages, negative when gone.</param>
    void MergerZeroPagesChanged(uint addressSpace, long change);

    /// <summary>The address space has its first page that may merge, and is to be scanned from now on.</summary>
    /// <typeparam name="TObserver">This type.</typeparam>
    /// <param name="addressSpace">The address space.</param>
    /// <returns>False when the host has no memory for it.</returns>
    bool TryRegisterMergeable<TObserver>(AddressSpace<TObserver> addressSpace)
        where TObserver : struct, IAddressSpaceObserver;

    /// <summary>A registered address space is going away; its pages are still mapped.</summary>
    /// <typeparam name="TObserver">This type.</typeparam>
    /// <param name="addressSpace">The address space.</param>
    void MergeableExits<TObserver>(AddressSpace<TObserver> addressSpace)
        where TObserver : struct, IAddressSpaceObserver;

    /// <summary>The record of an address space that has exited is not needed any more; no lock is held.</summary>
    /// <typeparam name="TObserver">This type.</typeparam>
    /// <param name="addressSpace">The address space.</param>
    void AddressSpaceUnused<TObserver>(AddressSpace<TObserver> addressSpace)
        where TObserver : struct, IAddressSpaceObserver;
}
