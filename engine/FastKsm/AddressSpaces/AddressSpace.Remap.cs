using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>mremap: shrink, grow in place, move.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Moves or resizes a range.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="start">
    /// First page. What stays or moves lies in one VMA; a move to a given place without resizing takes several along,
    /// holes included, one after the other: those before an obstacle have moved then, as on Linux.
    /// </param>
    /// <param name="oldPages">Present length; at least one.</param>
    /// <param name="newPages">Wanted length; at least one.</param>
    /// <param name="mayMove">Whether it may go elsewhere when it cannot grow where it is.</param>
    /// <param name="to">Where it must go, whatever is there being unmapped; null to stay or to go anywhere.</param>
    /// <param name="keepsMapping">Whether the old place stays mapped, without pages, instead of being unmapped.</param>
    /// <param name="newStart">First page afterwards.</param>
    internal MemoryStatus Remap(
        int cpu, ulong start, ulong oldPages, ulong newPages, bool mayMove, ulong? to, bool keepsMapping, out ulong newStart)
    {
        _latch.EnterWrite();
        MemoryStatus status = RemapCore(cpu, start, oldPages, newPages, mayMove, to, keepsMapping, out newStart);
        ExitAlone();
        return status;
    }

    private static bool Overlaps(ulong first, ulong firstPages, ulong second, ulong secondPages) =>
        first < second + secondPages && second < first + firstPages;

    private MemoryStatus RemapCore(
        int cpu, ulong start, ulong oldPages, ulong newPages, bool mayMove, ulong? to, bool keepsMapping, out ulong newStart)
    {
        newStart = start;
        if (keepsMapping && (!mayMove || newPages != oldPages))
        {
            return MemoryStatus.Invalid;
        }

        if (to is not null && Overlaps(start, oldPages, to.Value, newPages))
        {
            return MemoryStatus.Invalid;
        }

        uint id = FindContaining(start);
        if (id == 0)
        {
            return MemoryStatus.BadAddress;
        }

        if (to is null && newPages <= oldPages && !keepsMapping)
        {
            return newPages == oldPages
                ? MemoryStatus.Done
                : UnmapCore(cpu, start + newPages, start + oldPages, keepLeaves: false);
        }

        if (to is not null && newPages == oldPages)
        {
            newStart = to.Value;
            return MoveEach(cpu, start, start + oldPages, to.Value, keepsMapping);
        }

        if (VmaAt(id).End - start < (to is null ? oldPages : Math.Min(oldPages, newPages)))
        {
            return MemoryStatus.BadAddress;
        }

        if (to is null && !keepsMapping && VmaAt(id).End == start + oldPages && HasRoomBehind(start + oldPages, newPages - oldPages))
        {
            return GrowInPlace(cpu, id, newPages - oldPages);
        }

        if (to is null && !mayMove)
        {
            return MemoryStatus.NoMemory;
        }

        return Move(cpu, id, start, oldPages, newPages, to, keepsMapping, out newStart);
    }

    private bool HasRoomBehind(ulong end, ulong pages)
    {
        uint next = _tree.At(_tree.Find(end));
        ulong limit = next == 0 ? _store.PageLimit : VmaAt(next).Start;
        return limit - end >= pages;
    }

    private MemoryStatus GrowInPlace(int cpu, uint id, ulong pages)
    {
        ulong end = VmaAt(id).End;
        if (!_store.TryPromise(out Promise promise, 0, 0, 2 + LinksAround(end, end + pages)))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        Region region = Region.Of(VmaAt(id), end, end + pages);
        MappedPages += pages;
        CountLocked(VmaFlags.None, region.Flags, pages);
        uint grown = TryMerge(region, 0, ref promise);
        Debug.Assert(grown != 0, "A VMA always merges with its own extension.");
        _store.Cancel(ref promise);
        if (VmaAt(grown).Has(VmaFlags.Locked))
        {
            // As Linux, whatever comes of it: the growth itself has succeeded.
            _ = PopulateLocked(cpu, end, end + pages);
        }

        return MemoryStatus.Done;
    }

    private MemoryStatus MoveEach(int cpu, ulong start, ulong end, ulong to, bool keepsMapping)
    {
        MemoryStatus status = MemoryStatus.Done;
        ulong at = start;
        for (uint id; status == MemoryStatus.Done && at < end && (id = _tree.At(_tree.Find(at))) != 0;)
        {
            ulong first = Math.Max(at, VmaAt(id).Start);
            ulong stop = Math.Min(end, VmaAt(id).End);
            if (first >= end)
            {
                break;
            }

            status = Move(cpu, id, first, stop - first, stop - first, to + (first - start), keepsMapping, out _);
            at = stop;
        }

        return status;
    }

    private MemoryStatus Move(
        int cpu, uint id, ulong start, ulong oldPages, ulong newPages, ulong? to, bool keepsMapping, out ulong newStart)
    {
        newStart = to ?? 0;

        // A move may need three VMAs more for a moment: two edges of the old place, one at the new.
        if (_tree.Count >= _store.MaxMapCount - 3
            || (to is null && !_tree.TryFindRoom(newPages, Floor, _store.PageLimit, out newStart)))
        {
            return MemoryStatus.NoMemory;
        }

        ulong moved = Math.Min(oldPages, newPages);

        // A merged page has one address and one index in its item, so it does not travel: it becomes private first. Where
        // nothing may merge no item names the page, which shares a merged frame by fork alone: as on Linux it travels.
        MemoryStatus status = VmaAt(id).Has(VmaFlags.Mergeable) ? UnshareMerged(cpu, start, start + moved) : MemoryStatus.Done;
        if (status != MemoryStatus.Done)
        {
            return status;
        }

        // One VMA at the new place, and two edges of the old one, whose tail may lie in another VMA if it is cut off.
        uint last = FindContaining(start + oldPages - 1);
        uint links = 2 + (4 * _store.AnonVmas.LengthOf(VmaAt(id).Chain)) + LinksAround(newStart, newStart + newPages);
        links += last == 0 ? 0 : 2 * _store.AnonVmas.LengthOf(VmaAt(last).Chain);
        if (!_store.TryPromise(out Promise promise, 3, 3 * (_tree.NodesForInsert + 2), links))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        status = TryAddLeavesFor(start, moved, newStart)
            ? UnmapCore(cpu, newStart, newStart + newPages, keepLeaves: true)
            : MemoryStatus.OutOfNativeMemory;
        if (status != MemoryStatus.Done)
        {
            FreeLeaves(newStart, newStart + newPages, keep: false);
            _store.Cancel(ref promise);
            return status;
        }

        // Unmapping the new place may have cut the VMA of the old one, or split off its id.
        id = FindContaining(start);
        Region region = Region.Of(VmaAt(id), start, start + moved);
        (region.Start, region.End) = (newStart, newStart + newPages);
        if (region.AnonVma == 0 && region.Object == 0)
        {
            // Nothing depends on the index yet, and with a fresh one it can merge where it goes.
            region.PageOffset = newStart;
        }

        _store.AddObjectReference(region.Object);
        uint copy = Place(region, ref promise);
        if (VmaAt(copy).Start != newStart || VmaAt(copy).End != newStart + newPages)
        {
            // Taken in by a neighbour that maps the object already.
            _store.DropObjectReference(cpu, region.Object);
        }

        MovePtes(start, moved, newStart, region.AnonVma);
        id = FindContaining(start);
        if (keepsMapping)
        {
            Empty(id, start, start + oldPages, tablesMoved: PageTable.PositionOf(start) == PageTable.PositionOf(newStart));
        }
        else
        {
            last = FindContaining(start + oldPages - 1);
            UnmapPromised(cpu, id, last, start, start + oldPages, keepLeaves: false, ref promise);
        }

        _store.Cancel(ref promise);
        if (newPages > oldPages && VmaAt(FindContaining(newStart)).Has(VmaFlags.Locked))
        {
            // As Linux: what is new is faulted in, what moved stays as resident as it was.
            _ = PopulateLocked(cpu, newStart + oldPages, newStart + newPages);
        }

        return status;
    }

    // Leaves a mapping behind whose pages in a range have moved. As Linux: no part of it is locked any more, and if nothing is
    // left that its anon_vma could stand for it loses that as well, where the place it went to has not taken it in.
    private void Empty(uint id, ulong start, ulong end, bool tablesMoved)
    {
        ref Vma vma = ref VmaAt(id);

        // Whole page tables move as they are, if they are as well aligned where they go; the others stay, empty.
        if (tablesMoved)
        {
            FreeEmptyLeaves(FirstOfBlock(start + PteLeaf.Length - 1), FirstOfBlock(end));
        }

        CountLocked(vma.Flags, vma.Flags & ~VmaFlags.Locked, vma.Pages);
        vma.Flags &= ~VmaFlags.Locked;
        if (vma.Start == start && vma.End == end)
        {
            _store.AnonVmas.Unlink(ref vma.AnonVma, ref vma.Chain, vma.PageOffset, vma.LastIndex);
        }
    }

    // Makes the leaves that the PTEs of a range will need elsewhere.
    private bool TryAddLeavesFor(ulong start, ulong pages, ulong newStart)
    {
        ulong page = start;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, start + pages, out int count)) != 0; page += (uint)count)
        {
            ulong first = newStart + (page - start);
            if (_pageTable.KindOf(leaf) != LeafKind.None
                && !(_pageTable.TryFindOrAdd(first, out _) && _pageTable.TryFindOrAdd(first + (uint)count - 1, out _)))
            {
                return false;
            }
        }

        return true;
    }

    private void MovePtes(ulong start, ulong pages, ulong newStart, uint anonVma)
    {
        Span<Pte> taken = stackalloc Pte[PteLeaf.Length];
        ulong page = start;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, start + pages, out int count)) != 0; page += (uint)count)
        {
            if (_pageTable.KindOf(leaf) == LeafKind.None)
            {
                continue;
            }

            ulong target = newStart + (page - start);
            if (TryMoveHuge(leaf, page, count, target))
            {
                continue;
            }

            // Between the two places a PTE is in neither, which a reverse-map walk must not see.
            ulong index = anonVma == 0 ? 0 : VmaAt(FindContaining(page)).IndexOf(page);
            int position = PageTable.PositionOf(page);
            FamilyHold hold = EnterToMove(anonVma, index, leaf, position, count);
            for (int i = 0; i < count; i++)
            {
                taken[i] = _pageTable.Get(leaf, position + i);
                _pageTable.Set(leaf, position + i, default);
            }

            _pageTable.Exit(leaf);
            Flush(FlushSite.Moved, page, (uint)count);
            for (int i = 0; i < count;)
            {
                uint into = _pageTable.Find(target + (uint)i);
                _pageTable.Enter(into);
                _pageTable.MakeTable(into);
                do
                {
                    _pageTable.Set(into, PageTable.PositionOf(target + (uint)i), taken[i]);
                    i++;
                }
                while (i < count && PageTable.PositionOf(target + (uint)i) != 0);

                _pageTable.Exit(into);
            }

            _store.AnonVmas.ExitWrite(hold);
        }
    }

    // Takes the locks under which PTEs move, and the leaf's latch. A merged page on its way to another frame is looked for
    // where it was merged when it arrives, so it must have arrived before its PTE goes elsewhere.
    private FamilyHold EnterToMove(uint anonVma, ulong index, uint leaf, int position, int count)
    {
        SpinWait spinner = default;
        for (; ; )
        {
            FamilyHold hold = _store.AnonVmas.EnterWrite(anonVma, index, index + (uint)count - 1);
            _pageTable.Enter(leaf);
            if (!HasMergedOnTheWay(leaf, position, count))
            {
                return hold;
            }

            _pageTable.Exit(leaf);
            _store.AnonVmas.ExitWrite(hold);
            spinner.SpinOnce();
        }
    }

    private bool HasMergedOnTheWay(uint leaf, int position, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Pte pte = _pageTable.Get(leaf, position + i);
            if (pte.IsMigration && _store.Frames[pte.Frame].Has(FrameFlags.Ksm))
            {
                return true;
            }
        }

        return false;
    }

    // Moves a huge mapping as it is, from one whole leaf to another; else it is split, to be moved page by page.
    private bool TryMoveHuge(uint leaf, ulong page, int count, ulong target)
    {
        if (_pageTable.KindOf(leaf) != LeafKind.Huge)
        {
            return false;
        }

        uint into = _pageTable.Find(target);
        _pageTable.Enter(leaf);
        bool moves = count == PteLeaf.Length && PageTable.PositionOf(target) == 0 && _pageTable.KindOf(into) == LeafKind.None;
        Pte entry = _pageTable.GetWhole(leaf);
        if (moves)
        {
            _pageTable.ClearWhole(leaf);
        }
        else
        {
            SplitHuge(leaf);
        }

        _pageTable.Exit(leaf);
        if (moves)
        {
            Flush(FlushSite.HugeMoved, page, (uint)count);
            _pageTable.Enter(into);
            _pageTable.SetWhole(into, entry);
            _pageTable.Exit(into);
        }

        return moves;
    }
}
