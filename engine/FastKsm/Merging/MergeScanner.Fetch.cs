using System.Runtime.CompilerServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <content>The way through address spaces and pages.</content>
internal sealed partial class MergeScanner
{
    private const int PagesAHold = 64;

    // Where the scan goes on in the slot under the cursor: at this page, and freeing items from that one on. A page number
    // of 0 also says that no mergeable VMA was met yet.
    private ulong _address;
    private ulong _link;
    private long _budget;
    private Position _position;

    // The next page to visit; false at the end of a full scan, with nothing registered, or without memory for an item.
    private bool TryFetch(out Visit visit)
    {
        visit = default;
        MmSlot? slot = _slots.Cursor;
        if (slot is null)
        {
            StartScan();
            slot = _slots.Start();
            (_address, _link) = (0, 0);
        }

        if (slot is null)
        {
            return false;
        }

        do
        {
            slot.Space.EnterShared();
            bool found = TryFetchHeld(slot, ref visit, out bool exhausted);
            if (found || exhausted)
            {
                slot.Space.ExitShared();
                return found;
            }

            slot = Leave(slot);
        }
        while (slot is not null);

        _index.ForgetUnstable();
        StopScan();
        return false;
    }

    private void StartScan()
    {
        Advisor.StartScan();
        _stable.DiscardStaleMigrating();
        if (_events.IsOn)
        {
            _events.Add(new KsmEvent(KsmEventKind.StartScan, (int)Counters.FullScans, (uint)Counters.RmapItems));
        }
    }

    private void StopScan()
    {
        bool advised = Advisor.TryStopScan(out ScanTimeAdvisor.Advice advice);
        if (_events.IsOn)
        {
            if (advised)
            {
                _events.Add(new KsmEvent(
                    KsmEventKind.Advisor, advice.ScanTime, (long)advice.PagesToScan, advice.CpuPercent));
            }

            _events.Add(new KsmEvent(KsmEventKind.StopScan, (int)Counters.FullScans, (uint)Counters.RmapItems));
        }

        Counters.FullScans++;
    }

    // Frees what is left behind the last page and goes to the next slot. Gives the shared hold back.
    private MmSlot? Leave(MmSlot slot)
    {
        AddressSpace space = slot.Space;
        if (space.IsExiting)
        {
            (_address, _link) = (0, 0);
        }

        _ = FreeItems(slot, _link, _store.PageLimit);
        bool unregister = _address == 0;
        MmSlot? next = _slots.Advance(unregister);
        (_address, _link) = (0, 0);
        _position = default;
        space.ExitShared();
        if (unregister)
        {
            space.DropHold();
        }

        return next;
    }

    // Pages that are where they belong are passed under one hold of the mm lock: they take some 12 ns each, and the lock half as much
    // again. A thread that waits to change a VMA waits for PagesAHold of them at most.
    private bool TryFetchHeld(MmSlot slot, ref Visit visit, out bool exhausted)
    {
        for (int passed = 0; ; passed++)
        {
            visit = default;
            visit.Slot = slot;
            if (!TryFetchFrom(ref visit, out exhausted))
            {
                return false;
            }

            // The last page of a batch is the caller's to count.
            if (visit.Frame.IsSome || _budget == 1 || passed == PagesAHold)
            {
                return true;
            }

            Counters.PagesScanned++;
            _budget--;
        }
    }

    private bool TryFetchFrom(ref Visit visit, out bool exhausted)
    {
        exhausted = false;
        MmSlot slot = visit.Slot;
        AddressSpace space = slot.Space;
        while (!space.IsExiting && TryNextPage(space, slot, out int place))
        {
            if (_link < _address && FreeItems(slot, _link, _address))
            {
                // The last item of a leaf takes the leaf with it.
                _position.ItemLeaf = 0;
            }

            if (!_items.TryFindOrAdd(slot, _address, ref _position.ItemLeaf, out uint item, out bool isNew))
            {
                exhausted = true;
                return false;
            }

            Counters.RmapItems += isNew ? 1 : 0;
            visit.Page = _address;
            visit.Item = item;
            _link = ++_address;
            if (TryVisit(space, ref visit, place))
            {
                return true;
            }
        }

        return false;
    }

    // Puts the address at the next page that is present and anonymous in a mergeable VMA.
    private bool TryNextPage(AddressSpace space, MmSlot slot, out int place)
    {
        for (; ; )
        {
            if (_position.Generation != space.Generation || _address >= _position.End || _position.Leaf == 0)
            {
                if (!TryNextLeaf(space, slot))
                {
                    place = 0;
                    return false;
                }
            }

            PageTable table = space.Table;
            for (; _address < _position.End; _address++)
            {
                place = PageTable.PositionOf(_address);
                Pte pte = table.Look(_position.Leaf, place);
                if (!pte.IsCounted)
                {
                    continue;
                }

                if (!_ahead.Covers(_position.Leaf, place))
                {
                    int limit = (int)long.Min(_budget, (long)(_position.End - _address));
                    _ahead.Fill(table, _position.Leaf, _position.ItemLeaf, place, limit);
                }

                if (_frames[pte.Frame].Has(FrameFlags.Anonymous))
                {
                    return true;
                }
            }
        }
    }

    private bool TryNextLeaf(AddressSpace space, MmSlot slot)
    {
        _position = default;
        while (PageMerge.TryNext(space, ref _address, out ulong end))
        {
            ulong page = _address;
            uint leaf = space.Table.FindNext(ref page, end, out int count);
            if (leaf != 0)
            {
                _address = page;
                _position.Generation = space.Generation;
                _position.Leaf = leaf;
                _position.End = page + (uint)count;
                _position.ItemLeaf = RmapItemTable.FindLeaf(slot, page);
                return true;
            }

            _address = end;
        }

        return false;
    }

    // Decides whether the page is visited at all, and borrows its frame if there is something to do. False: go on.
    private bool TryVisit(AddressSpace space, ref Visit visit, int place)
    {
        uint leaf = _position.Leaf;
        PageTable table = space.Table;
        if (Knobs.MergeAcrossNodes && IsInPlace(table.Look(leaf, place), _items[visit.Item], out visit.Node))
        {
            return true;
        }

        table.Enter(leaf);
        Pte pte = table.Get(leaf, place);
        if (!pte.IsCounted || !_frames[pte.Frame].Has(FrameFlags.Anonymous))
        {
            // Gone since it was seen without the latch. An item is visited in every scan or freed.
            table.Exit(leaf);
            _ = FreeItems(visit.Slot, visit.Page, visit.Page + 1);
            _position.ItemLeaf = 0;
            return false;
        }

        ref FrameRecord frame = ref _frames[pte.Frame];
        ref RmapItem item = ref _items[visit.Item];
        bool merged = frame.Has(FrameFlags.Ksm);
        if (Knobs.SmartScan && !merged && (_skipsStable || item.State != RmapItemState.Stable) && SmartScan.ShouldSkip(ref item))
        {
            table.Exit(leaf);
            Counters.PagesSkipped++;
            TakeOut(visit.Item);
            return false;
        }

        visit.Node = merged ? frame.Mapping : 0;
        if (visit.Node == 0 || _stable.NodeOf(item) != visit.Node || (!Knobs.MergeAcrossNodes && !_stable.IsPlaced(visit.Node)))
        {
            visit.Frame = pte.Frame;
            _frames.HolderOf(pte.Frame).AddReference();
        }

        table.Exit(leaf);
        visit.HasChecksum = visit.Node == 0 && _ahead.TryTake(leaf, place, pte, out visit.Checksum);
        return true;
    }

    // Whether a page maps the merged frame that its item hangs off, so that there is nothing to do about it. Asked without the latch: a
    // faulting thread may take the page off the frame meanwhile. Then the answer was right when the PTE was read, and the visit
    // is as good as one that came a moment earlier. It borrows nothing and changes nothing but counters.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsInPlace(Pte pte, in RmapItem item, out uint node)
    {
        node = 0;
        if (item.State != RmapItemState.Stable || !pte.IsCounted)
        {
            return false;
        }

        ref FrameRecord frame = ref _frames[pte.Frame];
        node = frame.Has(FrameFlags.Anonymous | FrameFlags.Ksm) ? frame.Mapping : 0;
        return node != 0 && node == _stable.NodeOf(item);
    }

    // The leaf under the address, and until where it serves. Good while the address space's generation stays.
    private struct Position
    {
        internal uint Generation;
        internal uint Leaf;
        internal uint ItemLeaf;
        internal ulong End;
    }
}
