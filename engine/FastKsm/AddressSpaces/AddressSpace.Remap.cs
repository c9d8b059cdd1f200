using System;
using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <content>mremap: shrink, grow in place, move.</content>
internal sealed partial class AddressSpace
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
        EnterAlone(cpu);
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

        uint id = Vmas.Containing(start);
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

        if (Vmas[id].End - start < (to is null ? oldPages : Math.Min(oldPages, newPages)))
        {
            return MemoryStatus.BadAddress;
        }

        if (to is null && !keepsMapping && Vmas[id].End == start + oldPages && Vmas.HasRoomAt(start + oldPages, newPages - oldPages))
        {
            return GrowInPlace(cpu, id, newPages - oldPages);
        }

        if (to is null && !mayMove)
        {
            return MemoryStatus.NoMemory;
        }

        return Move(cpu, id, start, oldPages, newPages, to, keepsMapping, out newStart);
    }

    private MemoryStatus GrowInPlace(int cpu, uint id, ulong pages)
    {
        ulong end = Vmas[id].End;
        if (!Store.TryPromise(out Promise promise, 0, 0, 2 + Vmas.LinksAround(end, end + pages)))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        uint grown = Vmas.Grow(id, pages, ref promise);
        Debug.Assert(grown != 0, "A VMA always merges with its own extension.");
        Store.Cancel(ref promise);
        if (Vmas[grown].Has(VmaFlags.Locked))
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
        for (uint id; status == MemoryStatus.Done && at < end && (id = Vmas.From(at)) != 0;)
        {
            ulong first = Math.Max(at, Vmas[id].Start);
            ulong stop = Math.Min(end, Vmas[id].End);
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
        if (Vmas.Count >= Store.MaxMapCount - 3
            || (to is null && !Vmas.TryFindRoom(newPages, Floor, out newStart)))
        {
            return MemoryStatus.NoMemory;
        }

        ulong moved = Math.Min(oldPages, newPages);

        // A merged page has one address and one index in its item, so it does not travel: it becomes private first. Where
        // nothing may merge no item names the page, which shares a merged frame by fork alone: as on Linux it travels.
        MemoryStatus status = Vmas[id].Has(VmaFlags.Mergeable) ? PageMerge.Unshare(this, cpu, start, start + moved) : MemoryStatus.Done;
        if (status != MemoryStatus.Done)
        {
            return status;
        }

        // One VMA at the new place, and two edges of the old one, whose tail may lie in another VMA if it is cut off.
        uint last = Vmas.Containing(start + oldPages - 1);
        uint links = 2 + (4 * Store.AnonVmas.LengthOf(Vmas[id].Chain)) + Vmas.LinksAround(newStart, newStart + newPages);
        links += last == 0 ? 0 : 2 * Store.AnonVmas.LengthOf(Vmas[last].Chain);
        if (!Store.TryPromise(out Promise promise, 3, 3 * (Vmas.NodesForInsert + 2), links))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        status = PageMove.TryAddLeaves(this, start, moved, newStart)
            ? UnmapCore(cpu, newStart, newStart + newPages, keepLeaves: true)
            : MemoryStatus.OutOfNativeMemory;
        if (status != MemoryStatus.Done)
        {
            FreeLeft(cpu, newStart, newStart + newPages);
            Store.Cancel(ref promise);
            return status;
        }

        // Unmapping the new place may have cut the VMA of the old one, or split off its id.
        id = Vmas.Containing(start);
        Region region = Region.Of(Vmas[id], start, start + moved);
        (region.Start, region.End) = (newStart, newStart + newPages);
        if (region.AnonVma == 0 && region.Object == 0)
        {
            // Nothing depends on the index yet, and with a fresh one it can merge where it goes.
            region.PageOffset = newStart;
        }

        Store.AddObjectReference(region.Object);
        uint copy = Vmas.Place(region, ref promise);
        if (Vmas[copy].Start != newStart || Vmas[copy].End != newStart + newPages)
        {
            // Taken in by a neighbour that maps the object already.
            Store.DropObjectReference(cpu, region.Object);
        }

        PageMove.Move(this, cpu, start, moved, newStart, region.AnonVma);
        id = Vmas.Containing(start);
        if (keepsMapping)
        {
            Empty(cpu, id, start, start + oldPages, tablesMoved: PageTable.PositionOf(start) == PageTable.PositionOf(newStart));
        }
        else
        {
            last = Vmas.Containing(start + oldPages - 1);
            UnmapPromised(cpu, id, last, start, start + oldPages, keepLeaves: false, ref promise);
        }

        Store.Cancel(ref promise);
        if (newPages > oldPages && Vmas[Vmas.Containing(newStart)].Has(VmaFlags.Locked))
        {
            // As Linux: what is new is faulted in, what moved stays as resident as it was.
            _ = PopulateLocked(cpu, newStart + oldPages, newStart + newPages);
        }

        return status;
    }

    // Leaves a mapping behind whose pages in a range have moved. As Linux: no part of it is locked any more, and if nothing is
    // left that its anon_vma could stand for it loses that as well, where the place it went to has not taken it in.
    private void Empty(int cpu, uint id, ulong start, ulong end, bool tablesMoved)
    {
        ref Vma vma = ref Vmas[id];

        // Whole page tables move as they are, if they are as well aligned where they go; the others stay, empty.
        if (tablesMoved)
        {
            PageGather gather = BeginUnmap(cpu);
            PageTables.Free(this, ref gather, PageTable.FirstOf(start + PteLeaf.Length - 1), PageTable.FirstOf(end));
            gather.Finish();
        }

        Vmas.CountLocked(vma.Flags, vma.Flags & ~VmaFlags.Locked, vma.Pages);
        vma.Flags &= ~VmaFlags.Locked;
        if (vma.Start == start && vma.End == end)
        {
            Store.AnonVmas.Unlink(ref vma.AnonVma, ref vma.Chain, vma.PageOffset, vma.LastIndex);
        }
    }

    // Page tables that were made for a move that does not come.
    private void FreeLeft(int cpu, ulong start, ulong end)
    {
        PageGather gather = BeginUnmap(cpu);
        PageTables.FreeLeft(this, ref gather, start, end, keep: false);
        gather.Finish();
    }
}
