using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>madvise that makes pages look unused.</content>
internal sealed partial class AddressSpace<TObserver>
{
    // Makes present pages look unused; lazily freed ones also clean and not worth a swap slot.
    private void Age(int cpu, ulong start, ulong end, bool lazilyFree)
    {
        ulong page = start;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, end, out int count)) != 0; page += (uint)count)
        {
            bool killed = false;
            int position = PageTable.PositionOf(page);
            _pageTable.Enter(leaf);
            if (!TryAgeSingly(cpu, leaf, page, count, lazilyFree))
            {
                _pageTable.Exit(leaf);
                continue;
            }

            bool whole = IsWholeHuge(leaf, count);
            for (int i = 0; i < count && _pageTable.PopulatedIn(leaf) != 0; i++)
            {
                Pte pte = _pageTable.Get(leaf, position + i);
                if (lazilyFree && pte.IsSwap)
                {
                    _pageTable.Set(leaf, position + i, default);
                    ZapEntry(pte);
                }

                if (!pte.IsCounted)
                {
                    continue;
                }

                if (_store.Frames[pte.Frame].Has(FrameFlags.Huge) && !whole)
                {
                    // It stands for itself from now on, or has no frame any more; or it stays part of the whole, and as it is.
                    bool apart = TryDissolveFor(cpu, leaf, page + (uint)i, pte.Frame, out bool elsewhere);
                    if (elsewhere && _store.Frames.HugeFrameOf(pte.Frame).IsOfOneSpace)
                    {
                        apart = DissolveOutside(cpu, leaf, page, count, pte.Frame, ref killed);
                    }

                    pte = apart ? _pageTable.Get(leaf, position + i) : default;
                    if (!pte.IsCounted || _store.Frames[pte.Frame].Has(FrameFlags.Huge))
                    {
                        continue;
                    }
                }

                // MADV_FREE makes the PTE of a page that fork shares look clean and unused where its frame is not marked dirty, as on
                // Linux. But no process offers a page for others: Linux 6.18 does, so that page-out empties it for all of them.
                ref FrameRecord frame = ref _store.Frames[pte.Frame];
                bool others = _store.Frames.MapCountOf(pte.Frame) != 1;
                bool keeps = lazilyFree
                    ? !frame.Has(FrameFlags.Anonymous) || (others && (frame.Flags & (FrameFlags.Dirty | FrameFlags.Huge)) != FrameFlags.None)
                    : others;
                if (keeps)
                {
                    continue;
                }

                killed |= pte.IsAccessed || (lazilyFree && pte.IsDirty);
                Pte aged = pte.WithAccessed(false).WithDirty(pte.IsDirty && !lazilyFree);
                if (lazilyFree && !others)
                {
                    frame.Clear(FrameFlags.Dirty | FrameFlags.SwapBacked);
                }

                _pageTable.Set(leaf, position + i, aged);
            }

            ExitAged(leaf, page, count, ref killed);
        }
    }

    // Gives a leaf's latch back, and flushes what has been aged in it.
    private void ExitAged(uint leaf, ulong page, int count, ref bool killed)
    {
        _pageTable.Exit(leaf);
        if (killed)
        {
            Flush(FlushSite.Aged, page, (uint)count);
            killed = false;
        }
    }

    // A huge mapping is aged as a whole; for a part of it the huge page is taken apart, if it can be. True: by single pages.
    private bool TryAgeSingly(int cpu, uint leaf, ulong page, int count, bool lazilyFree)
    {
        if (_pageTable.KindOf(leaf) != LeafKind.Huge)
        {
            return true;
        }

        Pte entry = _pageTable.GetWhole(leaf);
        if (!entry.IsCounted)
        {
            return false;
        }

        if (count == PteLeaf.Length)
        {
            AgeHuge(leaf, page, entry, lazilyFree);
            return false;
        }

        return TryDissolveFor(cpu, leaf, page, entry.At(PageTable.PositionOf(page)).Frame, out _);
    }

    // Whether a leaf maps all of a huge page in order, page by page: then it is left together.
    private bool IsWholeHuge(uint leaf, int count)
    {
        Pfn first = _pageTable.Get(leaf, 0).Frame;
        bool whole = count == PteLeaf.Length && first.IsSome && PhysicalMemory.HeadOf(first) == first;
        for (int i = 0; i < count && whole; i++)
        {
            Pte pte = _pageTable.Get(leaf, i);
            whole = pte.IsCounted && pte.Frame.Number == first.Number + (uint)i && _store.Frames[pte.Frame].Has(FrameFlags.Huge);
        }

        return whole;
    }

    // Under the latch; for the time being the reference that taking apart asks for is its own.
    private bool TryDissolveFor(int cpu, uint leaf, ulong page, Pfn frame, out bool elsewhere)
    {
        _store.Frames.HolderOf(frame).AddReference();
        int zeroes = 0;
        bool apart = TryDissolveHeld(cpu, page, leaf, frame, ref zeroes, out elsewhere);
        _store.Frames.Release(cpu, frame);
        return apart;
    }

    // Other leaves map parts of the huge page, which mremap has taken there. A walk finds them, and it takes their latches, so this
    // one's is given back meanwhile, behind the flush that is owed. The mm lock keeps the leaf; the caller looks at the PTE again.
    private bool DissolveOutside(int cpu, uint leaf, ulong page, int count, Pfn frame, ref bool killed)
    {
        _store.Frames.HolderOf(frame).AddReference();
        ExitAged(leaf, page, count, ref killed);
        bool apart = _store.Dissolver!.TryDissolve(cpu, frame, out _);
        _store.Frames.Release(cpu, frame);
        _pageTable.Enter(leaf);
        return apart;
    }

    private void AgeHuge(uint leaf, ulong page, Pte entry, bool lazilyFree)
    {
        HugeFrame huge = _store.Frames.HugeFrameOf(entry.Frame);
        if (huge is not { WholeMappings: 1, SingleMappings: 0 })
        {
            return;
        }

        for (int i = 0; i < PteLeaf.Length && lazilyFree; i++)
        {
            huge[i].Clear(FrameFlags.Dirty | FrameFlags.SwapBacked);
        }

        _pageTable.SetWhole(leaf, entry.WithAccessed(false).WithDirty(entry.IsDirty && !lazilyFree));
        Flush(FlushSite.HugeAged, page, PteLeaf.Length);
    }
}
