using System;
using FastKsm.Swapping.Backends;

namespace FastKsm.Swapping;

/// <summary>Swap, whatever its layout: devices, the slots on them, how many entries name each, and the folios in the
/// swap cache.</summary>
/// <remarks>
/// A caller on a hot path holds the sealed type of its layout, and calls it directly. See the README for the
/// structures, the locks and
/// what may be relied on. Thread safety: all members may be called concurrently, mounting and unmounting one at a
/// time; who names
/// an entry has something that keeps its slot in use, or only looks.
/// </remarks>
internal abstract class SwapSpace : IDisposable
{
    /// <param name="groups">The groups.</param>
    private protected SwapSpace(SwapGroups groups) => Groups = groups;

    /// <summary>Groups, what they have and what they may have.</summary>
    internal SwapGroups Groups { get; }

    /// <summary>The device of a number; null if none is mounted.</summary>
    internal abstract SwapDevice? Device(int number);

    /// <summary>Mounts a device: swapon.</summary>
    /// <param name="backend">Where contents are kept; from success on the device's.</param>
    /// <param name="options">What the device is like.</param>
    /// <param name="number">The device's number.</param>
    /// <param name="fault">Why it was refused; null if it was not.</param>
    internal abstract SwapStatus TryMount(
        SwapBackend backend, SwapDeviceOptions options, out int number, out string? fault);

    /// <summary>Begins to unmount a device: nothing more is allocated on it, and no allocation is on its way when this
    /// returns.</summary>
    internal abstract SwapStatus BeginUnmount(int number);

    /// <summary>Takes back <see cref="BeginUnmount"/>.</summary>
    internal abstract SwapStatus CancelUnmount(int number);

    /// <summary>Unmounts a device without a slot in use, after <see cref="BeginUnmount"/>.</summary>
    internal abstract SwapStatus FinishUnmount(int number);

    /// <summary>The next slot in use on a device, from an offset on; for reading everything back before
    /// unmounting.</summary>
    internal abstract bool TryNextInUse(int number, uint from, out SwapEntry entry);

    /// <summary>Bytes of the metadata of all devices.</summary>
    internal abstract SwapFootprint Measure();

    /// <summary>Gives a folio its slots; it is in the swap cache then, with counts of 0.</summary>
    /// <param name="cpu">CPU that allocates.</param>
    /// <param name="head">First frame of the folio, which the caller has locked and which is not in the swap
    /// cache.</param>
    /// <param name="order">Order of the folio, 0 to 9.</param>
    /// <param name="group">Group that is charged (v2) and whose tiers count; 0 for none.</param>
    /// <param name="entry">First slot.</param>
    internal abstract SwapStatus Allocate(int cpu, Pfn head, int order, ushort group, out SwapEntry entry);

    /// <summary>Gives folios of one order their slots, as far as there are any.</summary>
    /// <param name="cpu">CPU that allocates.</param>
    /// <param name="heads">First frames; the same is asked of each as of one.</param>
    /// <param name="order">Their order; folios of several pages come one at a time.</param>
    /// <param name="group">Group that is charged (v2) and whose tiers count; 0 for none.</param>
    /// <param name="entries">Room for the first slot of each.</param>
    /// <param name="done">Folios that have their slots now, the first ones of all.</param>
    /// <returns>Done if all have; else why the next one has none.</returns>
    internal abstract SwapStatus Allocate(
        int cpu, ReadOnlySpan<Pfn> heads, int order, ushort group, Span<SwapEntry> entries, out int done);

    /// <summary>Discards clusters that wait for it, on every device.</summary>
    /// <returns>Whether there were any.</returns>
    internal abstract bool FinishDiscards();

    /// <summary>Where a folio is in the swap cache. For a folio that the caller has locked; else a guess.</summary>
    internal abstract bool TryWhere(Pfn head, out SwapEntry entry, out int order);

    /// <summary>What a slot is at this moment, without any lock. Kind, folio and shadow hold; count and flags need the
    /// lock.</summary>
    internal abstract SlotState Peek(SwapEntry entry);

    /// <summary>The folio in the swap cache whose slot this is, with one reference more; the caller locks it and looks
    /// again.</summary>
    /// <param name="entry">A slot that something keeps in use.</param>
    /// <param name="head">First frame of the folio.</param>
    internal abstract bool TryLookUp(SwapEntry entry, out Pfn head);

    /// <summary>Whether a folio is in the swap cache and has a slot. For a folio that the caller has locked.</summary>
    internal abstract bool Holds(Pfn head, SwapEntry entry);

    /// <summary>Puts a folio into the swap cache to read slots into it.</summary>
    /// <param name="target">The slot that is wanted.</param>
    /// <param name="head">First frame of a folio that the caller has locked, with nothing in it yet.</param>
    /// <param name="order">Its order; its slots are the aligned run around the target.</param>
    /// <param name="shadow">What the target's last eviction left behind.</param>
    /// <param name="group">The group that the slots were charged to; in v1 its pages have the charge from now
    /// on.</param>
    /// <returns>Exists: look the folio up. NoEntry: look at the PTE again. Busy: try a lower order.</returns>
    internal abstract SwapStatus AddForSwapIn(
        SwapEntry target, Pfn head, int order, out SwapShadow shadow, out ushort group);

    /// <summary>Takes a folio out of the swap cache: slots that entries name keep a shadow, the others become
    /// free.</summary>
    /// <param name="head">A folio in the swap cache that the caller has locked, not under writeback, and clean if an
    /// entry names a slot.</param>
    /// <param name="shadow">What to leave behind.</param>
    /// <param name="group">v1: the group whose charge the slots take over; 0 for none.</param>
    /// <returns>OutOfNativeMemory: nothing has changed, and the folio stays.</returns>
    internal abstract SwapStatus Drop(Pfn head, SwapShadow shadow, ushort group);

    /// <summary>Puts another folio in the place of one in the swap cache: migration. The caller has locked
    /// both.</summary>
    /// <param name="old">First frame of the one; not in the swap cache afterwards.</param>
    /// <param name="replacement">First frame of the other.</param>
    internal abstract SwapStatus Replace(Pfn old, Pfn replacement);

    /// <summary>Splits a folio in the swap cache: its parts keep their slots. The caller has locked it, and nobody
    /// knows the parts yet.</summary>
    /// <param name="head">Its first frame.</param>
    /// <param name="partOrder">Order of the parts; below its own.</param>
    internal abstract SwapStatus Split(Pfn head, int partOrder);

    /// <summary>Takes the folio of a slot out of the swap cache if no entry names a slot of it and its lock is
    /// free.</summary>
    /// <param name="entry">A slot.</param>
    /// <param name="anyway">Even if the folio is mapped and there is swap enough.</param>
    /// <param name="slots">Slots that are free now.</param>
    internal abstract bool TryDropUnnamed(SwapEntry entry, bool anyway, out int slots);

    /// <summary>Whether an entry names a slot of a folio in the swap cache, which the caller has locked.</summary>
    internal abstract bool HasNames(Pfn head);

    /// <summary>Whether slots are better not kept for a folio in memory: more than half of swap, or of what its group
    /// may have, is in use.</summary>
    internal abstract bool IsFullFor(Pfn head);

    /// <summary>Swap entries that name a slot in use; for others 0.</summary>
    internal abstract long CountOf(SwapEntry entry);

    /// <summary>One entry more names each slot of a run in the swap cache; for a folio that the caller has
    /// locked.</summary>
    /// <returns>OutOfNativeMemory or NoEntry: nothing has changed.</returns>
    internal abstract SwapStatus DuplicateCached(SwapEntry first, int count = 1);

    /// <summary>One entry more names each slot of a run that entries name already: fork.</summary>
    /// <returns>OutOfNativeMemory or NoEntry: nothing has changed.</returns>
    internal abstract SwapStatus Duplicate(SwapEntry first, int count = 1);

    /// <summary>One entry less names each slot of a run in the swap cache; none becomes free. For a folio that the
    /// caller has locked.</summary>
    /// <returns>NoEntry: a slot had no count; those of clusters before it have changed.</returns>
    internal abstract SwapStatus PutCached(SwapEntry first, int count = 1);

    /// <summary>One entry less names each slot of a run: zap, exit. Slots that nothing names and no folio holds become
    /// free.</summary>
    /// <returns>NoEntry: a slot had no count; those of clusters before it have changed.</returns>
    internal abstract SwapStatus Put(SwapEntry first, int count = 1);

    /// <summary>Writes a folio in the swap cache to its slots. All zeroes are a flag, and no I/O.</summary>
    /// <param name="head">Its first frame; the caller has locked it.</param>
    /// <param name="content">Its content: as many bytes as its slots keep.</param>
    /// <param name="isZero">Whether it is all zeroes.</param>
    /// <returns>IoError or OutOfNativeMemory: the folio stays dirty.</returns>
    internal abstract SwapStatus Write(Pfn head, ReadOnlySpan<byte> content, out bool isZero);

    /// <summary>Reads the slots of a folio in the swap cache.</summary>
    /// <param name="head">Its first frame; the caller has locked it.</param>
    /// <param name="content">Room for its content.</param>
    /// <returns>IoError: the content is not to be used.</returns>
    internal abstract SwapStatus Read(Pfn head, Span<byte> content);

    /// <summary>Counts everything from scratch and compares; nothing may go on meanwhile.</summary>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    internal abstract void Validate();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives everything back.</summary>
    protected abstract void Dispose(bool disposing);
}
