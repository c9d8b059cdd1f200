using System;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>Huge mappings: made by faults, written, shared by fork, split.</content>
internal sealed partial class AddressSpace<TObserver>
{
    // Whether the block of a page is to be mapped as a whole if nothing is mapped there.
    private bool WantsHuge(in Vma vma, ulong page)
    {
        ulong first = FirstOfBlock(page);
        if (!vma.Has(VmaFlags.HugePage) || vma.Object != 0 || first < vma.Start || first + PteLeaf.Length > vma.End)
        {
            return false;
        }

        uint leaf = _pageTable.Find(page);
        return leaf == 0 || _pageTable.KindOf(leaf) == LeafKind.None;
    }

    private static ulong FirstOfBlock(ulong page) => page & ~((ulong)PteLeaf.Length - 1);

    // Maps a block of which nothing is mapped. Without 512 frames in a row it is for the caller to map one page. Under the latch.
    private bool TryMapHuge(int cpu, ref Vma vma, ulong page, uint leaf, FaultKind kind)
    {
        bool accessible = (vma.Flags & VmaFlags.Access) != VmaFlags.None;
        if (kind == FaultKind.Read && _store.ZeroFrames.ForReads)
        {
            _pageTable.SetWhole(leaf, Pte.MapZero(PhysicalMemory.AnyZeroFrame, accessible).WithAccessed(true).ForWholeLeaf());
            return true;
        }

        if (_store.Frames.TakeHuge(cpu, vma.Node, out Pfn first) != MemoryStatus.Done)
        {
            return false;
        }

        const FrameFlags Flags = FrameFlags.Allocated | FrameFlags.Used | FrameFlags.Huge | FrameFlags.Anonymous | FrameFlags.SwapBacked;
        HugeFrame huge = _store.Frames.HugeFrameOf(first);
        ulong index = vma.IndexOf(FirstOfBlock(page));
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            huge[i].Become(Flags, vma.AnonVma, index + (uint)i);
        }

        huge.Head.Set(FrameFlags.Exclusive);
        huge.AddWholeMapping(Id);
        CountResident(huge.Head, PteLeaf.Length);
        Pte entry = Pte.Map(first, accessible).WithAccessed(true).WithDirty(true).WithWritable(vma.Has(VmaFlags.Write));
        _pageTable.SetWhole(leaf, entry.ForWholeLeaf());
        return true;
    }

    // A fault on a page of a huge mapping. False: the mapping has been split, and the page is to be looked at by itself.
    private bool TryFaultHuge(int cpu, ref Vma vma, ulong page, uint leaf, FaultKind kind)
    {
        Pte entry = _pageTable.GetWhole(leaf);
        bool writes = kind is FaultKind.Write or FaultKind.ForcedWrite;
        if (kind == FaultKind.Read || (writes && entry.IsWritable) || (!writes && entry.IsZeroFrame))
        {
            return true;
        }

        if (entry.IsZeroFrame)
        {
            _pageTable.ClearWhole(leaf);
            Flush(FlushSite.HugeZeroReplaced, FirstOfBlock(page), PteLeaf.Length);
            if (TryMapHuge(cpu, ref vma, page, leaf, kind))
            {
                return true;
            }

            _pageTable.SetWhole(leaf, entry);
        }
        else
        {
            HugeFrame huge = _store.Frames.HugeFrameOf(entry.Frame);
            if (huge.Head.Has(FrameFlags.Exclusive) || TryOwnHuge(vma, huge))
            {
                Pte owned = entry.WithDirty(writes || entry.IsDirty);
                _pageTable.SetWhole(leaf, owned.WithWritable(entry.IsWritable || (writes && vma.Has(VmaFlags.Write))));
                return true;
            }
        }

        SplitHuge(leaf);
        return false;
    }

    // The one reference is that of the mapping whose latch is held.
    private static bool TryOwnHuge(in Vma vma, HugeFrame huge)
    {
        if (huge.Head.References != 1)
        {
            return false;
        }

        for (int i = 0; i < PteLeaf.Length; i++)
        {
            huge[i].Mapping = vma.AnonVma;
        }

        huge.Head.Set(FrameFlags.Exclusive);
        return true;
    }

    // PTEs of a leaf that map frames of a huge page.
    private int CountParts(uint leaf, Pfn frame)
    {
        Pfn head = PhysicalMemory.HeadOf(frame);
        int parts = 0;
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = _pageTable.Get(leaf, i);
            parts += pte.IsCounted && PhysicalMemory.HeadOf(pte.Frame) == head ? 1 : 0;
        }

        return parts;
    }

    // Makes 512 PTEs of a huge mapping. Under the latch.
    private void SplitHuge(uint leaf)
    {
        Pte entry = _pageTable.GetWhole(leaf);
        if (entry.IsCounted)
        {
            HugeFrame huge = _store.Frames.HugeFrameOf(entry.Frame);
            huge.MapSingly(Id, huge.Head.Has(FrameFlags.Exclusive));
        }

        _pageTable.SplitWhole(leaf);
    }

    // The edge of a VMA comes to lie in front of a page: a huge mapping that it would cut is split.
    private void SplitHugeAt(ulong page)
    {
        uint leaf = PageTable.PositionOf(page) == 0 ? 0 : _pageTable.Find(page);
        if (leaf != 0 && _pageTable.KindOf(leaf) == LeafKind.Huge)
        {
            _pageTable.Enter(leaf);
            if (_pageTable.KindOf(leaf) == LeafKind.Huge)
            {
                SplitHuge(leaf);
            }

            _pageTable.Exit(leaf);
        }
    }

    // Shares a huge mapping with a child, unless somebody who works with the pages has to keep them. Under both latches.
    private bool TryShareHuge(uint leaf, AddressSpace<TObserver> child, uint into, ref bool shared)
    {
        Pte entry = _pageTable.GetWhole(leaf);
        Pte both = entry.WithWritable(false);
        if (entry.IsCounted)
        {
            HugeFrame huge = _store.Frames.HugeFrameOf(entry.Frame);
            if (huge.Head.Pins != 0 && huge.Head.Has(FrameFlags.Exclusive))
            {
                return false;
            }

            huge.Head.Clear(FrameFlags.Exclusive);
            huge.Head.AddReference();
            huge.AddWholeMapping(child.Id);
            child.CountResident(huge.Head, PteLeaf.Length);
            shared |= entry.IsWritable;
            _pageTable.SetWhole(leaf, both);
            both = both.WithAccessed(false);
        }

        child._pageTable.SetWhole(into, both);
        return true;
    }

    // Unmaps a leaf that is mapped as a whole. Under its latch, which is given back.
    private void ZapHuge(int cpu, uint leaf, ulong page)
    {
        Pte entry = _pageTable.GetWhole(leaf);
        _pageTable.ClearWhole(leaf);
        if (entry.IsCounted)
        {
            HugeFrame huge = _store.Frames.HugeFrameOf(entry.Frame);
            CountResident(huge.Head, -PteLeaf.Length);
            huge.DropWholeMapping(Id);
            if (entry.IsDirty)
            {
                huge.Head.Set(FrameFlags.Dirty);
            }

            if (huge is { WholeMappings: 0, SingleMappings: 0 })
            {
                // As with single frames: what is only borrowed is nobody's alone.
                huge.Head.Clear(FrameFlags.Exclusive);
            }
        }

        _pageTable.Exit(leaf);
        Flush(FlushSite.HugeUnmapped, page, PteLeaf.Length);
        if (entry.IsCounted)
        {
            _store.Frames.Release(cpu, entry.Frame);
        }
    }

    // A page table that is empty by now goes with its last VMA, and not before: as long as it is there, its block is not
    // mapped as a whole. A leaf that is kept is one that nothing has become yet.
    private void FreeLeaves(ulong start, ulong end, bool keep)
    {
        ulong first = FirstOfBlock(start);
        if (first != start && HasVma(first, start))
        {
            start = first + PteLeaf.Length;
        }

        ulong last = FirstOfBlock(end);
        if (last != end && HasVma(end, last + PteLeaf.Length))
        {
            end = last;
        }

        if (start < end && keep)
        {
            ForgetTables(start, end);
        }
        else if (start < end)
        {
            FreeEmptyLeaves(start, end);
        }
    }

    // Frees the empty page tables of a range, behind the flush after which no CPU walks through them. Under the mm lock held alone.
    private void FreeEmptyLeaves(ulong start, ulong end)
    {
        Span<uint> gone = stackalloc uint[PageTable.LeavesAtOnce];
        ulong page = start;
        for (int count; (count = _pageTable.UnlinkEmptyLeaves(ref page, end, gone)) != 0;)
        {
            Flush(FlushSite.TablesFreed, FirstOfBlock(start), page - FirstOfBlock(start));
            _pageTable.FreeLeaves(gone[..count]);
            start = page;
        }
    }

    // Empty page tables of a range that holds all of their blocks, or all that is mapped in them.
    private void ForgetTables(ulong start, ulong end)
    {
        ulong page = start;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, end, out int count)) != 0; page += (uint)count)
        {
            _pageTable.Enter(leaf);
            if (_pageTable.PopulatedIn(leaf) == 0)
            {
                _pageTable.ForgetTable(leaf);
            }

            _pageTable.Exit(leaf);
        }
    }

    private bool HasVma(ulong start, ulong end)
    {
        uint id = _tree.At(_tree.Find(start));
        return id != 0 && VmaAt(id).Start < end;
    }
}
