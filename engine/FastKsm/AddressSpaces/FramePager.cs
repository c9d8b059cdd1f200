using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Pages frames out, whoever maps them, and says whether they have been used.</summary>
/// <remarks>
/// Swap entries take the place of PTEs one by one, the first one as soon as the content lies in the slot. It cannot change
/// any more then: a page that is one PTE's alone has no PTE, and is not paged out while anybody has borrowed it; one that is
/// shared is copied before it is written, for the pager has a reference.
/// Thread safety: all members may be called concurrently, with no lock held but the merger's.
/// </remarks>
internal sealed class FramePager
{
    private readonly AddressSpaceStore _store;
    private readonly FrameWalker _walker;
    private readonly FrameDissolver _dissolver;

    internal FramePager(AddressSpaceStore store, FrameWalker walker, FrameDissolver dissolver)
    {
        _store = store;
        _walker = walker;
        _dissolver = dissolver;
    }

    /// <summary>Pages a frame out.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="frame">An anonymous frame, merged or not, that the caller has a reference to, and goes on having.</param>
    /// <returns>
    /// Busy when somebody else works on the frame or has borrowed it, when a locked VMA maps it, when it was offered and written since, or it is not anonymous; out of
    /// native memory when there is no slot. It may have been paged out of some page tables then.
    /// </returns>
    internal MemoryStatus TryPageOut(int cpu, Pfn frame)
    {
        ref FrameRecord record = ref _store.Frames[frame];
        if (!_dissolver.TryDissolve(cpu, frame, out _) || !record.TryLock())
        {
            return MemoryStatus.Busy;
        }

        MemoryStatus status = MemoryStatus.Busy;
        if (record.Has(FrameFlags.Anonymous) && record.References == record.MapCount + 1)
        {
            status = record.Has(FrameFlags.SwapBacked) ? SwapOut(cpu, frame)
                : TryDrop(cpu, frame) ? MemoryStatus.Done : MemoryStatus.Busy;
        }

        _store.OracleSeesEnd();
        record.Unlock();
        return status;
    }

    /// <summary>Counts the pages that have used a frame since they were last asked, and forgets it.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="frame">An anonymous frame that the caller has a reference to.</param>
    /// <param name="used">Pages that had used it.</param>
    /// <param name="locked">Whether a locked VMA maps it; then not all may have been asked.</param>
    /// <returns>False when a lock was busy: nothing is known, and the frame is best kept.</returns>
    internal bool TryAge(int cpu, Pfn frame, out int used, out bool locked)
    {
        ref FrameRecord record = ref _store.Frames[frame];
        used = 0;
        locked = false;
        if (!record.TryLock())
        {
            return false;
        }

        Age age = new() { Cpu = cpu, Frame = frame, Left = _store.Frames.MapCountOf(frame) };
        WalkEnd end = record.Has(FrameFlags.Anonymous)
            ? _walker.Walk(frame, WalkKind.Referenced, tryOnly: true, ref age)
            : WalkEnd.Contended;
        _store.OracleSeesEnd();
        record.Unlock();
        (used, locked) = (age.Used, age.IsLocked);
        return end != WalkEnd.Contended;
    }

    // What was offered by MADV_FREE and not written since is dropped; what was written is kept, and no offer any more, so that
    // the next time it is paged out as any other.
    private bool TryDrop(int cpu, Pfn frame)
    {
        ref FrameRecord record = ref _store.Frames[frame];
        FlushBatch batch = _store.Flushes.TakeBatch(KernelThread.IsOn);
        Leave leave = new()
        {
            Store = _store,
            Cpu = cpu,
            Frame = frame,
            Slot = 0,
            Batch = batch,
            WasRefused = record.Has(FrameFlags.Dirty),
        };
        _ = leave.WasRefused ? WalkEnd.Complete : _walker.Walk(frame, WalkKind.Unmap, tryOnly: false, ref leave);
        _store.Flushes.ReturnBatch(batch);
        if (leave.WasRefused)
        {
            record.Set(FrameFlags.SwapBacked);
        }

        return record.MapCount == 0;
    }

    private MemoryStatus SwapOut(int cpu, Pfn frame)
    {
        if (!_store.Swap.TryTake(out uint slot))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        FlushBatch batch = _store.Flushes.TakeBatch(KernelThread.IsOn);
        Leave leave = new() { Store = _store, Cpu = cpu, Frame = frame, Slot = slot, Batch = batch };
        _ = _walker.Walk(frame, WalkKind.Unmap, tryOnly: false, ref leave);
        _store.Flushes.ReturnBatch(batch);
        _store.Swap.Release(slot);
        return _store.Frames[frame].MapCount == 0 ? MemoryStatus.Done : MemoryStatus.Busy;
    }

    private struct Leave : IMappingVisitor
    {
        internal required AddressSpaceStore Store;
        internal required int Cpu;
        internal required Pfn Frame;
        internal required uint Slot;
        internal required FlushBatch Batch;
        internal bool HasContent;
        internal bool WasRefused;

        /// <inheritdoc/>
        public bool Visit(AddressSpace space, VmaFlags flags, ulong page)
        {
            if ((flags & VmaFlags.Locked) != VmaFlags.None)
            {
                // A locked VMA keeps what it maps; it may have a copy of its own here.
                return !MappingActions.Maps(space, page, Frame);
            }

            PteOutcome outcome = MappingActions.SwapOut(space, Cpu, page, Frame, Slot, held: 1, fills: !HasContent, Batch);
            HasContent |= outcome == PteOutcome.Done;
            WasRefused = outcome == PteOutcome.Refused;
            return !WasRefused && Store.Frames[Frame].MapCount != 0;
        }
    }

    private struct Age : IMappingVisitor
    {
        internal required int Cpu;
        internal required Pfn Frame;
        internal required int Left;
        internal int Used;
        internal bool IsLocked;

        /// <inheritdoc/>
        public bool Visit(AddressSpace space, VmaFlags flags, ulong page)
        {
            if (MappingActions.ClearAccessed(space, Cpu, page, Frame, out bool wasUsed) == PteOutcome.NotMapped)
            {
                return true;
            }

            IsLocked |= (flags & VmaFlags.Locked) != VmaFlags.None;

            // As Linux: who reads straight through, or all over the place, says nothing about when it is needed again.
            bool counts = wasUsed && (flags & (VmaFlags.Sequential | VmaFlags.Random)) == VmaFlags.None;
            Used += counts ? 1 : 0;
            return --Left > 0 && !IsLocked;
        }
    }
}
