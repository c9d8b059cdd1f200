using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>Map, unmap, and taking pages away.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Maps new memory.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="at">First page, whatever is there being unmapped; null for the highest room there is.</param>
    /// <param name="pages">Number of pages; at least one.</param>
    /// <param name="flags">Access, Shared, NoReserve and advice flags; the others follow from them.</param>
    /// <param name="backed">Whether pages come from a new backing object, as they do in shared memory.</param>
    /// <param name="node">NUMA node that pages should come from; -1 for none.</param>
    /// <param name="start">First page of the mapping.</param>
    internal MemoryStatus Map(int cpu, ulong? at, ulong pages, VmaFlags flags, bool backed, short node, out ulong start)
    {
        _latch.EnterWrite();
        MemoryStatus status = MapCore(cpu, at, pages, flags, backed, node, out start);
        ExitAlone();
        return status;
    }

    /// <summary>Unmaps a range; holes in it do not matter.</summary>
    internal MemoryStatus Unmap(int cpu, ulong start, ulong end)
    {
        _latch.EnterWrite();
        MemoryStatus status = UnmapCore(cpu, start, end, keepLeaves: false);
        ExitAlone();
        return status;
    }

    private static VmaFlags Complete(VmaFlags flags)
    {
        const VmaFlags Private = VmaFlags.Write;
        const VmaFlags Decisive = VmaFlags.Write | VmaFlags.Shared | VmaFlags.NoReserve;
        return (flags & Decisive) == Private ? flags | VmaFlags.Account : flags;
    }

    private MemoryStatus MapCore(
        int cpu, ulong? at, ulong pages, VmaFlags flags, bool backed, short node, out ulong start)
    {
        start = at ?? 0;
        if (_tree.Count > _store.MaxMapCount
            || (at is null && !_tree.TryFindRoom(pages, Floor, _store.PageLimit, out start)))
        {
            return MemoryStatus.NoMemory;
        }

        flags = Complete(flags);
        if (MergeAny && (flags & VmaFlags.Shared) == VmaFlags.None)
        {
            if (!TryRegister())
            {
                return MemoryStatus.OutOfNativeMemory;
            }

            flags |= VmaFlags.Mergeable;
        }

        // The unmap may change the tree's height by one before the insert.
        if (!_store.TryPromise(out Promise promise, 1, _tree.NodesForInsert + 2, 2 + LinksAround(start, start + pages)))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        MemoryStatus status = at is null ? MemoryStatus.Done : UnmapCore(cpu, start, start + pages, keepLeaves: false);
        if (status == MemoryStatus.Done)
        {
            Region region = new()
            {
                Start = start,
                End = start + pages,
                PageOffset = backed ? 0 : start,
                Flags = flags,
                Object = backed ? _store.NewObject() : 0,
                Node = node,
            };
            Place(region, ref promise);
        }

        _store.Cancel(ref promise);
        return status;
    }

    // Makes a range that no VMA holds part of a neighbour, or a VMA of its own.
    private uint Place(in Region region, ref Promise promise)
    {
        ulong pages = region.End - region.Start;
        MappedPages += pages;
        CountLocked(VmaFlags.None, region.Flags, pages);
        uint id = TryMerge(region, 0, ref promise);
        if (id == 0)
        {
            promise.Vmas--;
            id = _store.Vmas.TakePromised();
            ref Vma vma = ref VmaAt(id);
            vma.Start = region.Start;
            vma.End = region.End;
            vma.PageOffset = region.PageOffset;
            vma.Flags = region.Flags;
            vma.Object = region.Object;
            vma.Node = region.Node;
            vma.Space = Id;
            FamilyHold hold = _store.AnonVmas.EnterWrite(region.AnonVma, vma.PageOffset, vma.LastIndex);
            vma.Chain = _store.AnonVmas.Clone(region.AnonVma, region.Chain, IntervalOf(id), ref promise.Intervals);
            _store.AnonVmas.ExitWrite(hold);
            vma.AnonVma = region.AnonVma;
            _tree.Insert(region.Start, region.End, id, ref promise.Nodes);
        }

        return id;
    }

    private MemoryStatus UnmapCore(int cpu, ulong start, ulong end, bool keepLeaves)
    {
        AssertHeldForWriting();
        uint first = _tree.At(_tree.Find(start));
        if (first == 0 || VmaAt(first).Start >= end)
        {
            return MemoryStatus.Done;
        }

        if (VmaAt(first).Start < start && VmaAt(first).End > end && _tree.Count >= _store.MaxMapCount)
        {
            return MemoryStatus.NoMemory;
        }

        uint last = FindContaining(end - 1);
        uint links = _store.AnonVmas.LengthOf(VmaAt(first).Chain);
        links += last == 0 ? 0 : _store.AnonVmas.LengthOf(VmaAt(last).Chain);
        if (!_store.TryPromise(out Promise promise, 2, 2 * (_tree.NodesForInsert + 1), 2 * links))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        UnmapPromised(cpu, first, last, start, end, keepLeaves, ref promise);
        _store.Cancel(ref promise);
        return MemoryStatus.Done;
    }

    // The half of an unmap that cannot fail. First and last are the VMAs at the edges; last is 0 if the end is free.
    private void UnmapPromised(
        int cpu, uint first, uint last, ulong start, ulong end, bool keepLeaves, ref Promise promise)
    {
        if (VmaAt(first).Start < start)
        {
            SplitOff(first, start, newBelow: true, ref promise);
        }

        if (last != 0 && VmaAt(last).End > end)
        {
            SplitOff(last, end, newBelow: false, ref promise);
        }

        Zap(cpu, start, end);
        for (uint id; (id = _tree.At(_tree.Find(start))) != 0 && VmaAt(id).Start < end;)
        {
            ref Vma vma = ref VmaAt(id);
            MappedPages -= vma.Pages;
            CountLocked(vma.Flags, VmaFlags.None, vma.Pages);
            uint backing = vma.Object;
            _store.AddObjectReference(backing);
            Drop(id);
            _store.DropObjectReference(cpu, backing);
        }

        FreeLeaves(start, end, keepLeaves);
    }

    // Empties every PTE of a range and lets go of what they mapped. Under the mm lock, shared or alone.
    private void Zap(int cpu, ulong start, ulong end)
    {
        ulong page = start;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, end, out int count)) != 0; page += (uint)count)
        {
            ZapLeaf(cpu, leaf, page, count);
        }
    }

    private void ZapLeaf(int cpu, uint leaf, ulong page, int count)
    {
        Span<uint> gone = stackalloc uint[PteLeaf.Length];
        int frames = 0;
        int emptied = 0;
        long anonymous = 0;
        long mergerZero = 0;
        long moving = 0;
        int position = PageTable.PositionOf(page);
        _pageTable.Enter(leaf);
        if (_pageTable.KindOf(leaf) == LeafKind.Huge)
        {
            if (count == PteLeaf.Length)
            {
                ZapHuge(cpu, leaf, page);
                return;
            }

            SplitHuge(leaf);
        }

        for (int i = 0; i < count && _pageTable.PopulatedIn(leaf) != 0; i++)
        {
            Pte pte = _pageTable.Get(leaf, position + i);
            if (pte.IsEmpty)
            {
                continue;
            }

            _pageTable.Set(leaf, position + i, default);
            emptied++;
            if (!pte.IsPresent)
            {
                moving += pte.IsMigration ? 1 : 0;
                ZapEntry(pte);
                continue;
            }

            if (!pte.IsCounted)
            {
                mergerZero += pte.IsDirty ? 1 : 0;
                continue;
            }

            ref FrameRecord frame = ref _store.Frames[pte.Frame];
            anonymous += frame.Has(FrameFlags.Anonymous) ? 1 : 0;
            Unmapped(ref frame, pte);
            gone[frames++] = pte.Frame.Number;
        }

        _pageTable.Exit(leaf);
        if (emptied == 0)
        {
            return;
        }

        // Only now may the frames be reused: nobody holds a translation to them any more.
        Flush(FlushSite.Unmapped, page, (uint)count);
        _ = Interlocked.Add(ref _residentAnonymous, -anonymous - moving);
        _ = Interlocked.Add(ref _residentBacked, anonymous - frames);
        CountMergerZeroPages(-mergerZero);
        foreach (uint number in gone[..frames])
        {
            _store.Frames.Release(cpu, new Pfn(number));
        }
    }

    // What a migration entry stood for is the migrating thread's to free.
    private void ZapEntry(Pte entry)
    {
        if (entry.IsSwap)
        {
            _store.Swap.Release(entry.Entry.Offset);
            _ = Interlocked.Decrement(ref _swapEntries);
        }
    }

    // A counted PTE has gone: its share in the frame's map count goes, its dirtiness stays with the frame.
    private void Unmapped(ref FrameRecord frame, Pte pte)
    {
        if (pte.IsDirty)
        {
            frame.Set(FrameFlags.Dirty);
        }

        if (frame.Has(FrameFlags.Huge))
        {
            _store.Frames.HugeFrameOf(pte.Frame).DropSingleMapping(Id);
        }

        int left = frame.DropMapping();
        Debug.Assert(left >= 0, "A frame was unmapped more often than mapped.");
        if (left == 0)
        {
            // A borrowed frame outlives its last mapping; nobody may take it for private then.
            frame.Clear(FrameFlags.Exclusive);
        }
    }
}
