using System;

namespace FastKsm.Swapping;

/// <summary>How a device's clusters and table entries are stored; a struct type argument, so that every call is
/// direct.</summary>
/// <remarks>
/// Clusters go by their number, slots by their place in the cluster. Thread safety: everything about a cluster happens
/// under its
/// lock, but <see cref="ReadShared"/>, which needs none; links belong to the latch of the device's lists.
/// What can fail begins with <c>Try</c> and has then changed nothing; what it prepares cannot fail afterwards.
/// </remarks>
internal interface ISwapLayout<TSelf> : IDisposable
    where TSelf : struct, ISwapLayout<TSelf>
{
    /// <summary>Its name in options and reports.</summary>
    static abstract string Name { get; }

    /// <summary>Largest count that an entry holds by itself; one more stands for "see the overflow table".</summary>
    static abstract int InlineLimit { get; }

    /// <summary>Bytes of a cluster's record.</summary>
    static abstract int RecordBytes { get; }

    /// <summary>Bytes of a cluster's full table.</summary>
    static abstract int TableBytes { get; }

    /// <summary>Whether clusters that have never been used have no record: they need not be linked at mount.</summary>
    static abstract bool IsLazy { get; }

    /// <summary>Frames that can be told apart, from the first one on.</summary>
    static abstract long Frames { get; }

    /// <summary>Largest id of a group.</summary>
    static abstract int Groups { get; }

    /// <summary>Bits of a shadow's age that are kept.</summary>
    static abstract int AgeBits { get; }

    /// <summary>Makes the tables of a device, all slots free.</summary>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory or address space.</exception>
    static abstract TSelf Make(in LayoutSettings settings, Memory.AllocationFaults faults);

    /// <summary>Lock, list, order and slots in use of a cluster.</summary>
    ref ClusterHead Head(uint cluster);

    /// <summary>The cluster's place on its list.</summary>
    ref ClusterLinks Links(uint cluster);

    /// <summary>Whether the cluster has a table, and so can have slots in use.</summary>
    bool HasTable(uint cluster);

    /// <summary>Gives an empty cluster its table.</summary>
    bool TryOpen(uint cluster);

    /// <summary>Takes all tables from a cluster whose slots are all free.</summary>
    void Close(uint cluster);

    /// <summary>Makes room for so many slots in use.</summary>
    bool TryReserve(uint cluster, int used);

    /// <summary>Told after slots have become free: the cluster may take a smaller form.</summary>
    void Shrink(uint cluster, int used);

    /// <summary>The entry of a slot.</summary>
    SlotState Read(uint cluster, int position);

    /// <summary>The entry of a slot, to a thread that has no lock: as it is now or was a moment ago.</summary>
    SlotState ReadShared(uint cluster, int position);

    /// <summary>Sets the entry of a slot that is in use, or for which there is room.</summary>
    /// <remarks>A zero flag that was not set before needs <see cref="TryPrepareZero"/>.</remarks>
    void Write(uint cluster, int position, in SlotState state);

    /// <summary>Whether all slots of a run are free.</summary>
    bool IsFree(uint cluster, int position, int count);

    /// <summary>The first free slot from a place on; <see cref="SwapLimits.ClusterSlots"/> if there is none.</summary>
    int NextFree(uint cluster, int position);

    /// <summary>How many slots from a place on are free in a row; at most so many.</summary>
    int CountFree(uint cluster, int position, int most);

    /// <summary>Gives free slots to a folio: cached, count 0.</summary>
    void FillCached(uint cluster, int position, int count, Pfn head);

    /// <summary>Gives free slots to folios of one page, in a row: cached, count 0.</summary>
    void FillCached(uint cluster, int position, ReadOnlySpan<Pfn> heads);

    /// <summary>Adds one to the counts of the first slots of a run, as far as their entries have room for it.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="position">First slot.</param>
    /// <param name="count">Slots.</param>
    /// <param name="isCached">Whether slots have to be cached, with any count; else they need a count.</param>
    /// <returns>Slots that have one more; what is left is for <see cref="Read"/> and <see cref="Write"/>.</returns>
    int RaiseInline(uint cluster, int position, int count, bool isCached);

    /// <summary>
    /// Whether one swap entry names each slot of a run, and none is cached. May say no where it is so.
    /// </summary>
    bool AreNamedOnce(uint cluster, int position, int count);

    /// <summary>Takes a cluster's lock if it is free, and makes a cached slot that swap entries name a shadow.</summary>
    /// <returns>True: the caller gives the lock back. False: nothing has changed, nor is the lock held, since it was
    /// not free, or no entry names the slot, or it takes <see cref="Read"/> and <see cref="Write"/>.</returns>
    bool TryEnterAndEvict(uint cluster, int position, SwapShadow shadow);

    /// <summary>As <see cref="TryEnterAndEvict"/>, with the lock held before and after.</summary>
    bool TryEvict(uint cluster, int position, SwapShadow shadow);

    /// <summary>Makes slots free, with everything that is known of them.</summary>
    void Clear(uint cluster, int position, int count);

    /// <summary>Makes room for a zero flag.</summary>
    bool TryPrepareZero(uint cluster);

    /// <summary>Whether the cluster has an overflow table.</summary>
    bool HasOverflow(uint cluster);

    /// <summary>Gives the cluster an overflow table, if it has none.</summary>
    bool TryOpenOverflow(uint cluster);

    /// <summary>The true count of a slot whose entry says that it is here; 0 for others. The table exists.</summary>
    ref uint Overflow(uint cluster, int position);

    /// <summary>Takes the overflow table away if all of its words are 0.</summary>
    void DropEmptyOverflow(uint cluster);

    /// <summary>The group that a slot is charged to; 0 for none.</summary>
    ushort Group(uint cluster, int position);

    /// <summary>Makes room for ids of a group.</summary>
    bool TryPrepareGroup(uint cluster, ushort group);

    /// <summary>Records the group of slots that bear none.</summary>
    void SetGroup(uint cluster, int position, int count, ushort group);

    /// <summary>Forgets the group of slots that stay in use.</summary>
    void ClearGroup(uint cluster, int position, int count);

    /// <summary>Whether the cluster has a table of groups; for checks.</summary>
    bool HasGroupTable(uint cluster);

    /// <summary>Bytes of metadata.</summary>
    SwapFootprint Measure();
}
