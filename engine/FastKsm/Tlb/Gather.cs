namespace FastKsm.Tlb;

/// <summary>Collects what an unmapping gives up, flushes once, and lets go of it then (<c>mmu_gather</c>).</summary>
/// <typeparam name="TRelease">Lets go.</typeparam>
internal ref struct Gather<TRelease>
    where TRelease : struct, IGatherRelease
{
    /// <summary>Begins; counts in the address space's pending flushes until <see cref="Finish"/>.</summary>
    /// <param name="engine">The machine's flushes.</param>
    /// <param name="cpu">The CPU that unmaps.</param>
    /// <param name="mm">The address space.</param>
    /// <param name="release">Lets go.</param>
    /// <param name="wholeSpace">Whether the address space ends: one flush of all of it.</param>
    /// <param name="kernelThread">Whether a kernel thread calls.</param>
    internal static Gather<TRelease> Begin(
        FlushEngine engine, int cpu, SpaceTranslations mm, TRelease release, bool wholeSpace = false, bool kernelThread = false) =>
        default;

    /// <summary>Holds a frame back.</summary>
    /// <returns>True when the queue is full: <see cref="Flush"/> is due as soon as the leaf's latch has been left.</returns>
    internal bool Add(Pfn frame, bool isHuge = false, bool delayedRmap = false) => false;

    /// <summary>Holds back a page table that has been unlinked.</summary>
    /// <param name="leaf">Its id.</param>
    /// <param name="firstPage">First of its pages.</param>
    internal void AddTable(uint leaf, ulong firstPage)
    {
    }

    /// <summary>Entries of a range have been changed: the flush will cover them.</summary>
    internal void Extend(ulong page, ulong pages, int strideShift)
    {
    }

    /// <summary>Flushes what has been changed so far and lets go of what is held.</summary>
    internal void Flush()
    {
    }

    /// <summary>The same for the last time.</summary>
    internal void Finish()
    {
    }
}
