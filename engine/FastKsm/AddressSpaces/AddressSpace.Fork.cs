using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>fork, exec and exit.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Makes an empty address space a copy of this one, frames being shared until written.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="child">
    /// The empty one, which no other thread can see. When this fails, it is part of a copy, and has to go.
    /// </param>
    internal MemoryStatus ForkInto(int cpu, AddressSpace<TObserver> child)
    {
        _latch.EnterWrite();
        child._latch.EnterWrite();
        MemoryStatus status = MemoryStatus.Done;
        bool shared = false;
        for (VmaCursor at = _tree.Find(0); at.IsSome && status == MemoryStatus.Done; at = _tree.After(at))
        {
            uint id = _tree.At(at);
            if (!VmaAt(id).Has(VmaFlags.DontFork))
            {
                status = CopyVma(cpu, id, child, ref shared);
            }
        }

        if (shared)
        {
            // One flush for all that became read-only; no frame has been let go.
            Flush(FlushSite.Forked, 0, _store.PageLimit);
        }

        if (status == MemoryStatus.Done)
        {
            child.MergeAny = MergeAny;
            child.InheritMergerZeroPages(this);

            // As Linux, best effort: a child that cannot be registered is not scanned.
            _ = IsRegistered && child.TryRegister();
        }

        child.ExitAlone();
        ExitAlone();
        return status;
    }

    /// <summary>What a new program keeps of the address space it replaces: the will to merge.</summary>
    /// <param name="replaced">The address space that is going away.</param>
    /// <returns>False when the host has no memory for the merger's records.</returns>
    internal bool TryInherit(AddressSpace<TObserver> replaced)
    {
        if (!replaced.MergeAny)
        {
            return true;
        }

        MergeAny = TryRegister();
        return MergeAny;
    }

    // Unmaps everything. The merger may go on naming the id until it has passed.
    private void Exit(int cpu)
    {
        _latch.EnterWrite();
        IsExiting = true;
        if (IsRegistered)
        {
            _observer.MergeableExits(this);
        }

        Zap(cpu, 0, _store.PageLimit);
        FreeEmptyLeaves(0, _store.PageLimit);
        for (VmaCursor at = _tree.Find(0); at.IsSome; at = _tree.After(at))
        {
            uint id = _tree.At(at);
            ref Vma vma = ref VmaAt(id);
            _store.AnonVmas.Unlink(ref vma.AnonVma, ref vma.Chain, vma.PageOffset, vma.LastIndex);
            _store.DropObjectReference(cpu, vma.Object);
            _store.Vmas.Return(id);
        }

        _store.Spaces.Remove(Id);
        _tree.Clear();
        _store.AddZeroPagesMiscounted(_mergerZeroPages);
        (_mergerZeroPages, _mergerZeroPagesUnmapped) = (0, 0);
        MappedPages = 0;
        LockedPages = 0;
        MergeAny = false;
        ExitAlone();
    }

    // Linux copies the parent's count with the rest of the mm, and adds it to the machine's if the parent is registered,
    // whether or not the child gets the VMAs (madvise: dontfork, wipeonfork). What it does not get is never taken off.
    private void InheritMergerZeroPages(AddressSpace<TObserver> parent)
    {
        long copied = _mergerZeroPages;
        long inherited = parent._mergerZeroPages;
        _mergerZeroPages = inherited;
        _mergerZeroPagesUnmapped = inherited - copied;
        _observer.MergerZeroPagesChanged(Id, parent.IsRegistered ? inherited - copied : -copied);
        _store.AddZeroPagesMiscounted(parent.IsRegistered ? 0 : -inherited);
    }

    private MemoryStatus CopyVma(int cpu, uint id, AddressSpace<TObserver> child, ref bool shared)
    {
        if (!_store.TryPromise(out Promise promise, 1, child._tree.NodesForInsert, 0))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        ref Vma vma = ref VmaAt(id);
        bool pagesToo = vma.AnonVma != 0 && !vma.Has(VmaFlags.WipeOnFork);
        promise.Vmas--;
        uint copyId = _store.Vmas.TakePromised();
        ref Vma copy = ref VmaAt(copyId);
        copy = vma;
        (copy.Space, copy.AnonVma, copy.Chain) = (child.Id, 0, 0);
        copy.Flags &= ~VmaFlags.Locked;

        // Walks meet the child's VMA from here on, behind the parent's; PTEs are copied after that.
        uint own = 0;
        uint chain = 0;
        if (pagesToo && !_store.AnonVmas.TryFork(vma.AnonVma, vma.Chain, IntervalOf(copyId), out own, out chain))
        {
            _store.Vmas.Return(copyId);
            _store.Cancel(ref promise);
            return MemoryStatus.OutOfNativeMemory;
        }

        (copy.AnonVma, copy.Chain) = (own, chain);
        _store.AddObjectReference(copy.Object);
        child.MappedPages += copy.Pages;
        child._tree.Insert(copy.Start, copy.End, copyId, ref promise.Nodes);
        _store.Cancel(ref promise);

        // Pages of a VMA that was never written are as easily faulted in again as copied.
        MemoryStatus status = MemoryStatus.Done;
        ulong page = vma.Start;
        for (uint leaf;
            pagesToo && status == MemoryStatus.Done && (leaf = _pageTable.FindNext(ref page, vma.End, out int count)) != 0;
            page += (uint)count)
        {
            if (_pageTable.KindOf(leaf) != LeafKind.None)
            {
                status = CopyLeaf(cpu, ref copy, leaf, page, count, child, ref shared);
            }
        }

        return status;
    }

    // A page that is paged out or moving is from now on that of both. Under both latches.
    private void CopyEntry(Pte entry, uint leaf, AddressSpace<TObserver> child, uint into, int position)
    {
        Pte both = entry.WhenForked();
        _pageTable.Set(leaf, position, both);
        child._pageTable.Set(into, position, both);
        if (entry.IsSwap)
        {
            _store.Swap.AddReference(entry.Entry.Offset);
            _ = Interlocked.Increment(ref child._swapEntries);
        }
        else
        {
            // Only anonymous pages move.
            _ = Interlocked.Increment(ref child._residentAnonymous);
        }
    }

    private MemoryStatus CopyLeaf(
        int cpu, ref Vma copy, uint leaf, ulong page, int count, AddressSpace<TObserver> child, ref bool shared)
    {
        if (!child._pageTable.TryFindOrAdd(page, out uint into))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        MemoryStatus status = MemoryStatus.Done;
        long mergerZero = 0;
        int position = PageTable.PositionOf(page);
        _pageTable.Enter(leaf);
        child._pageTable.Enter(into);
        if (_pageTable.KindOf(leaf) == LeafKind.Huge)
        {
            if (TryShareHuge(leaf, child, into, ref shared))
            {
                child._pageTable.Exit(into);
                _pageTable.Exit(leaf);
                return MemoryStatus.Done;
            }

            SplitHuge(leaf);
        }

        child._pageTable.MakeTable(into);
        for (int i = 0; i < count && status == MemoryStatus.Done; i++)
        {
            Pte pte = _pageTable.Get(leaf, position + i);
            if (pte.IsEmpty)
            {
                continue;
            }

            if (!pte.IsPresent)
            {
                CopyEntry(pte, leaf, child, into, position + i);
                continue;
            }

            if (!pte.IsCounted)
            {
                child._pageTable.Set(into, position + i, pte);
                mergerZero += pte.IsDirty ? 1 : 0;
                continue;
            }

            ref FrameRecord frame = ref _store.Frames[pte.Frame];
            if (frame.Has(FrameFlags.Anonymous | FrameFlags.Exclusive) && _store.Frames.HolderOf(pte.Frame).Pins != 0)
            {
                // Whoever has it pinned works with the parent's page; the parent keeps it, writable as it is.
                status = _store.Frames.TakeCopy(cpu, copy.Node, pte.Frame, out Pfn own);
                if (status == MemoryStatus.Done)
                {
                    child.MapOwn(ref copy, page + (uint)i, into, own, writable: true, dirty: true);
                }

                continue;
            }

            frame.Clear(FrameFlags.Exclusive);
            _store.Frames.AddMapping(pte.Frame, child.Id);
            child.CountResident(frame, 1);
            shared |= pte.IsWritable;
            Pte both = pte.WithWritable(false);
            _pageTable.Set(leaf, position + i, both);
            child._pageTable.Set(into, position + i, both.WithAccessed(false));
        }

        child._pageTable.Exit(into);
        _pageTable.Exit(leaf);
        child.CountMergerZeroPages(mergerZero);
        return status;
    }
}
