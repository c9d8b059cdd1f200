using System.Diagnostics;
using FastKsm.Primitives;
using FastKsm.ReverseMapping;

namespace FastKsm.AddressSpaces;

/// <content>When VMAs become one and when one becomes several: Linux's rules.</content>
internal sealed partial class VmaSet
{
    /// <summary>Gives a range of one VMA other flags. Merges with neighbours if it can, splits if it must.</summary>
    /// <param name="id">The VMA; afterwards the one that has the range.</param>
    /// <param name="start">First page.</param>
    /// <param name="end">One past the last page.</param>
    /// <param name="flags">Its flags from now on.</param>
    /// <returns>NoMemory when it would take too many VMAs, or the host has none; nothing has changed.</returns>
    internal MemoryStatus Modify(ref uint id, ulong start, ulong end, VmaFlags flags)
    {
        if (At(id).Flags == flags)
        {
            return MemoryStatus.Done;
        }

        // Two splits clone the chain and re-key the VMA twice; or a neighbour adopts it, or that of the other neighbour, or has
        // it already, and both are re-keyed.
        uint intervals = 2 + (4 * _store.AnonVmas.LengthOf(At(id).Chain)) + LinksAround(start, end);
        if (!_store.TryPromise(out Promise promise, 2, 2 * _tree.NodesForInsert, intervals))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        Region region = Region.Of(At(id), start, end);
        region.Flags = flags;
        MemoryStatus status = MemoryStatus.Done;
        uint merged = TryMerge(region, id, ref promise);
        if (merged != 0)
        {
            CountLocked(VmaFlags.None, flags, end - start);
            id = merged;
        }
        else
        {
            status = TrySplitAround(id, start, end, ref promise);
            if (status == MemoryStatus.Done)
            {
                CountLocked(At(id).Flags, flags, end - start);
                At(id).Flags = flags;
            }
        }

        _store.Cancel(ref promise);
        return status;
    }

    // Makes the VMA end at both edges of a range, so that the id names exactly the range.
    private MemoryStatus TrySplitAround(uint id, ulong start, ulong end, ref Promise promise)
    {
        int pieces = (start != At(id).Start ? 1 : 0) + (end != At(id).End ? 1 : 0);

        // Linux tests before each split: the second one of two may be the one that fails, after the first has happened.
        // Here neither has: what is refused has changed nothing.
        if (pieces != 0 && _tree.Count + pieces - 1 >= _store.MaxMapCount)
        {
            return MemoryStatus.NoMemory;
        }

        if (start != At(id).Start)
        {
            SplitOff(id, start, newBelow: true, ref promise);
        }

        if (end != At(id).End)
        {
            SplitOff(id, end, newBelow: false, ref promise);
        }

        return MemoryStatus.Done;
    }

    /// <summary>Chain links of the VMAs that a range could merge with.</summary>
    internal uint LinksAround(ulong start, ulong end)
    {
        uint before = start == 0 ? 0 : Containing(start - 1);
        uint after = Containing(end);
        return (before == 0 ? 0 : _store.AnonVmas.LengthOf(At(before).Chain))
            + (after == 0 ? 0 : _store.AnonVmas.LengthOf(At(after).Chain));
    }

    internal VmaInterval IntervalOf(uint id) => new(id, At(id).PageOffset, At(id).LastIndex);

    internal void SplitOff(uint id, ulong at, bool newBelow, ref Promise promise)
    {
        promise.Vmas--;
        uint other = _store.Vmas.TakePromised();
        ref Vma vma = ref At(id);
        ref Vma piece = ref At(other);
        Debug.Assert(vma.Start < at && at < vma.End, "A split leaves two pieces.");
        _edges.SplitAt(at);
        piece = vma;
        _store.AddObjectReference(vma.Object);
        (ulong start, ulong end) = (vma.Start, vma.End);

        // One critical section: a walk meets the VMA before or after, and a page of it always in exactly one of the two.
        FamilyHold hold = _store.AnonVmas.EnterWrite(vma.AnonVma, vma.PageOffset, vma.LastIndex);
        _store.AnonVmas.Detach(vma.Chain, vma.PageOffset);
        if (newBelow)
        {
            piece.End = at;
            vma.PageOffset = vma.IndexOf(at);
            vma.Start = at;
            _tree.Update(start, at, end);
        }
        else
        {
            piece.PageOffset = vma.IndexOf(at);
            piece.Start = at;
            vma.End = at;
            _tree.Update(start, start, at);
        }

        piece.Chain = _store.AnonVmas.Clone(vma.AnonVma, vma.Chain, IntervalOf(other), ref promise.Intervals);
        _store.AnonVmas.Attach(vma.Chain, IntervalOf(id), ref promise.Intervals);
        _store.AnonVmas.ExitWrite(hold);
        _tree.Insert(piece.Start, piece.End, other, ref promise.Nodes);
    }

    /// <summary>Lets a neighbour take a range in.</summary>
    /// <param name="region">The range, and what its VMA would be.</param>
    /// <param name="middle">The VMA that holds the range now; 0 if none does.</param>
    /// <param name="promise">What has been set aside.</param>
    /// <returns>The VMA that then holds the range; 0 if no neighbour fits.</returns>
    internal uint TryMerge(in Region region, uint middle, ref Promise promise)
    {
        uint before = region.Start == 0 ? 0 : Containing(region.Start - 1);
        uint after = Containing(region.End);
        bool left = before != 0 && before != middle && Fits(At(before), region)
            && At(before).IndexOf(region.Start) == region.PageOffset;
        bool right = after != 0 && after != middle && Fits(At(after), region)
            && At(after).PageOffset == region.PageOffset + (region.End - region.Start);
        if (left && right)
        {
            (uint low, uint high) = (At(before).AnonVma, At(after).AnonVma);
            right = low == 0 || high == 0 || low == high;
        }

        if (!left && !right)
        {
            return 0;
        }

        uint target = left ? before : after;
        ref Vma vma = ref At(target);
        uint other = left && right ? after : 0;
        ulong start = left ? vma.Start : region.Start;
        ulong end = other != 0 ? At(other).End : left ? region.End : vma.End;
        ulong offset = vma.PageOffset - (vma.Start - start);

        // What differs from none is one and the same anon_vma, by the rules above, so there is one family to lock; and all that
        // changes lies within the merged range and the VMA that the range is taken from.
        (uint own, uint chain) = vma.AnonVma != 0 ? (vma.AnonVma, vma.Chain)
            : region.AnonVma != 0 || other == 0 ? (region.AnonVma, region.Chain)
            : (At(other).AnonVma, At(other).Chain);
        ulong first = middle == 0 ? offset : ulong.Min(offset, At(middle).PageOffset);
        ulong last = offset + (end - start) - 1;
        last = middle == 0 ? last : ulong.Max(last, At(middle).LastIndex);
        FamilyHold hold = _store.AnonVmas.EnterWrite(own, first, last);
        _store.AnonVmas.Detach(vma.Chain, vma.PageOffset);
        ulong formerStart = vma.Start;
        VmaInterval merged = new(target, offset, offset + (end - start) - 1);
        if (vma.AnonVma == 0)
        {
            vma.Chain = _store.AnonVmas.Clone(own, chain, merged, ref promise.Intervals);
            vma.AnonVma = own;
        }
        else
        {
            _store.AnonVmas.Attach(vma.Chain, merged, ref promise.Intervals);
        }

        // The target has the chain, with its new interval, before those that had it go: no anon_vma is without intervals.
        (vma.PageOffset, vma.Start, vma.End) = (offset, start, end);
        if (other != 0)
        {
            DropHeld(other);
        }

        TakeFrom(middle, region.Start, region.End, ref promise);
        _store.AnonVmas.ExitWrite(hold);
        _tree.Update(formerStart, start, end);
        return target;
    }

    private bool Fits(in Vma vma, in Region region)
    {
        if (vma.Flags != region.Flags || vma.Object != region.Object || vma.Node != region.Node)
        {
            return false;
        }

        // An anon_vma that came by fork is not spread over more VMAs: each would link it, and its relatives, again.
        return vma.AnonVma == region.AnonVma
            || (vma.AnonVma == 0 && _store.AnonVmas.IsSingular(region.Chain))
            || (region.AnonVma == 0 && _store.AnonVmas.IsSingular(vma.Chain));
    }

    // Shrinks the VMA that held a range at one of its edges, or drops it when nothing is left. Under a hold of its family.
    private void TakeFrom(uint middle, ulong start, ulong end, ref Promise promise)
    {
        if (middle == 0)
        {
            return;
        }

        ref Vma vma = ref At(middle);
        CountLocked(vma.Flags, VmaFlags.None, end - start);
        if (start == vma.Start && end == vma.End)
        {
            DropHeld(middle);
            return;
        }

        _store.AnonVmas.Detach(vma.Chain, vma.PageOffset);
        ulong formerStart = vma.Start;
        _edges.SplitAt(start == vma.Start ? end : start);
        if (start == vma.Start)
        {
            vma.PageOffset = vma.IndexOf(end);
            vma.Start = end;
        }
        else
        {
            vma.End = start;
        }

        _store.AnonVmas.Attach(vma.Chain, IntervalOf(middle), ref promise.Intervals);
        _tree.Update(formerStart, vma.Start, vma.End);
    }

    /// <summary>Takes a VMA out whose pages are gone. Its object is the caller's to let go of.</summary>
    internal void Drop(uint id)
    {
        ref Vma vma = ref At(id);
        _store.AnonVmas.Unlink(ref vma.AnonVma, ref vma.Chain, vma.PageOffset, vma.LastIndex);
        DropHeld(id);
    }

    // The same under a hold of its family, in which another VMA has taken its chain over.
    private void DropHeld(uint id)
    {
        ref Vma vma = ref At(id);
        _tree.Remove(vma.Start);
        _store.AnonVmas.UnlinkHeld(ref vma.AnonVma, ref vma.Chain, vma.PageOffset);
        _store.DropObjectReference(0, vma.Object);
        _store.Vmas.Return(id);
    }

    /// <summary>A range goes from one set of flags to another.</summary>
    internal void CountLocked(VmaFlags from, VmaFlags to, ulong pages)
    {
        LockedPages -= (from & VmaFlags.Locked) != VmaFlags.None ? pages : 0;
        LockedPages += (to & VmaFlags.Locked) != VmaFlags.None ? pages : 0;
    }
}
