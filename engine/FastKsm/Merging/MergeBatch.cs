using System;
using System.Runtime.InteropServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Simd;
using FastKsm.Tlb;

namespace FastKsm.Merging;

/// <summary>Merging with two flushes for many pages: chooses what will probably merge, and write-protects it ahead.</summary>
/// <remarks>
/// It decides nothing. The scanner goes its way as ever; where it meets a page that has been protected, protecting it costs no
/// flush, and the frame that it gives up waits in <see cref="Replaced"/>. A page that was not foreseen, for want of memory or
/// because it has been written meanwhile, is protected by itself.
/// A checksum is taken here and once more at the visit: until the flush the page may be written, so this one is no more than a hint.
/// Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class MergeBatch : IDisposable
{
    /// <summary>
    /// Pages behind one pair of flushes at most: as many frames wait for the second, and nothing else has them meanwhile.
    /// </summary>
    internal const int MostPages = 1 << 16;

    private static readonly Comparison<AheadPage> s_byChecksum = (one, other) => one.Checksum.CompareTo(other.Checksum);
    private static readonly Comparison<AheadPage> s_byItem = (one, other) => one.Item.CompareTo(other.Item);

    private readonly int _cpu;
    private readonly PhysicalMemory _frames;
    private readonly RmapItemTable _items;
    private readonly MmSlotList _slots;
    private readonly MergeKnobs _knobs;
    private readonly MergeStatistics _statistics;
    private readonly IMergeIndex _index;
    private readonly bool _skipsStable;
    private readonly ulong _zeroChecksum;
    private readonly FlushBatch _protected;
    private readonly NativeColumn<AheadPage> _pages;

    // Pages met, or chosen; the chosen ones begin at the first.
    private int _count;
    private int _first;

    // The budget at which the next pair of flushes begins.
    private long _next = long.MaxValue;

    /// <param name="parts">What merging works on.</param>
    /// <param name="store">Tables of the machine.</param>
    /// <param name="slots">The registered address spaces.</param>
    /// <param name="index">Where contents will be looked for.</param>
    /// <param name="skipsStable">Whether smart scan skips pages that count as merged still.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space.</exception>
    internal MergeBatch(MergeParts parts, AddressSpaceStore store, MmSlotList slots, IMergeIndex index, bool skipsStable)
    {
        _cpu = parts.Cpu;
        _frames = parts.Frames;
        _items = parts.Items;
        _slots = slots;
        _knobs = parts.Knobs;
        _statistics = parts.Counters.Statistics;
        _index = index;
        _skipsStable = skipsStable;
        _zeroChecksum = ChecksumOf(PhysicalMemory.AnyZeroFrame);
        _protected = new FlushBatch(store.Flushes, kernelThread: true, FlushSite.ProtectedAhead);

        // Every page may have a partner of an earlier batch.
        _pages = new NativeColumn<AheadPage>(2 * MostPages, parts.Faults);
        Replaced = new ReplacedFrames(store, MostPages);
    }

    /// <summary>Frames that have been given up.</summary>
    internal ReplacedFrames Replaced { get; }

    /// <summary>The scan is about to fetch its next page. With no lock but the mutex.</summary>
    /// <param name="slot">Slot under the cursor; null between two scans.</param>
    /// <param name="address">The page at which it goes on there.</param>
    /// <param name="budget">Pages that the scan may visit still.</param>
    internal void Reach(MmSlot? slot, ulong address, long budget)
    {
        if (budget > _next)
        {
            return;
        }

        End();
        long pages = long.Min(budget, MostPages);
        _next = budget - pages;
        Meet(slot, slot is null ? 0 : address, pages);
        Choose();
        ForEachLeaf(protects: true);
        if (_protected.IsRequired)
        {
            _protected.Flush(_cpu);
        }

        ForEachLeaf(protects: false);
    }

    /// <summary>The second flush, after which the frames are let go. With no lock but the mutex.</summary>
    internal void End()
    {
        Replaced.Flush(_cpu);
        for (int i = _first; i < _count; i++)
        {
            // The item of a page that has gone may be another page's by now: counted wrongly at worst.
            ref AheadPage page = ref _pages[(uint)i];
            bool merged = (page.State & AheadState.Merged) != AheadState.None || _items[page.Item].State == RmapItemState.Stable;
            if (!merged && (page.State & AheadState.Waits) != AheadState.None)
            {
                _statistics.PagesProtectedInVain += (page.State & AheadState.Protected) != AheadState.None ? 1 : 0;
                Undo(in page);
            }
        }

        (_first, _count, _next) = (0, 0, long.MaxValue);
    }

    /// <summary>A page has got a zero frame.</summary>
    internal void ZeroFramePlaced(uint item)
    {
        (int low, int high) = (_first, _count);
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_pages[(uint)middle].Item < item)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        if (low < _count && _pages[(uint)low].Item == item)
        {
            _pages[(uint)low].State |= AheadState.Merged;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Replaced.Dispose();
        _pages.Dispose();
    }

    // Goes over the pages that the scan is about to visit, without moving it. The mm lock is given back after every leaf.
    private void Meet(MmSlot? slot, ulong address, long pages)
    {
        // A slot stays a registered one's as long as the cursor is there; any other needs a hold.
        AddressSpace? held = null;
        AddressSpace? space = slot?.Space;
        if (slot is null)
        {
            slot = _slots.NextHeld(null, 0, out held);
            space = held;
        }

        while (slot is not null && space is not null)
        {
            bool more;
            do
            {
                space.EnterShared();
                more = pages > 0 && TryMeetLeaf(slot, space, ref address, ref pages);
                space.ExitShared();
            }
            while (more);

            AddressSpace? next = null;
            slot = pages > 0 ? _slots.NextHeld(slot, space.Id, out next) : null;
            held?.DropHold();
            (space, held) = (next, next);
            address = 0;
        }
    }

    private bool TryMeetLeaf(MmSlot slot, AddressSpace space, ref ulong address, ref long pages)
    {
        while (!space.IsExiting && PageMerge.TryNext(space, ref address, out ulong end))
        {
            ulong page = address;
            uint leaf = space.Table.FindNext(ref page, end, out int count);
            if (leaf == 0)
            {
                address = end;
                continue;
            }

            uint itemLeaf = RmapItemTable.FindLeaf(slot, page);
            int first = PageTable.PositionOf(page);
            for (int position = first; position < first + count && pages > 0; position++)
            {
                pages -= MeetPage(space.Table.Look(leaf, position), itemLeaf, position);
            }

            address = page + (uint)count;
            return true;
        }

        return false;
    }

    // How many visits it will take: one or none.
    private int MeetPage(Pte pte, uint itemLeaf, int position)
    {
        if (!pte.IsCounted)
        {
            return 0;
        }

        ref FrameRecord frame = ref _frames[pte.Frame];
        if (!frame.Has(FrameFlags.Anonymous))
        {
            return 0;
        }

        uint id = (itemLeaf << RmapItemLeaf.Shift) | (uint)position;
        if (itemLeaf == 0 || _items[id].State == RmapItemState.Absent)
        {
            return 1;
        }

        ref RmapItem item = ref _items[id];
        bool merged = frame.Has(FrameFlags.Ksm);
        if (_knobs.SmartScan && !merged && (_skipsStable || item.State != RmapItemState.Stable) && SmartScan.WillSkip(in item))
        {
            return 0;
        }

        if (!merged && !frame.Has(FrameFlags.Huge) && _count < MostPages)
        {
            ulong checksum = ChecksumOf(pte.Frame);
            if ((uint)checksum == item.Checksum && _pages.TryCover((uint)_count))
            {
                _pages[(uint)_count++] = new AheadPage { Checksum = checksum, Item = id, Frame = pte.Frame };
            }
        }

        return 1;
    }

    // Keeps what is met twice, or will be found; and what it will be found to equal, of an earlier batch.
    private void Choose()
    {
        int met = _count;
        if (met == 0)
        {
            return;
        }

        _pages.Run(0, met).Sort(s_byChecksum);
        for (int i = 0, next; i < met; i = next)
        {
            ref AheadPage first = ref _pages[(uint)i];
            for (next = i + 1; next < met && _pages[(uint)next].Checksum == first.Checksum; next++)
            {
            }

            bool found = _index.Foretells(first.Frame, first.Checksum, out uint partner)
                || (_knobs.UseZeroPages && first.Checksum == _zeroChecksum);
            if (partner != 0 && _pages.TryCover((uint)_count))
            {
                _pages[(uint)_count++] = new AheadPage { Item = partner };
            }

            if (!found && next == i + 1)
            {
                first.Item = 0;
            }
        }

        // By item: pages of one leaf come together, and what was not chosen comes first.
        _pages.Run(0, _count).Sort(s_byItem);
        while (_first < _count && _pages[(uint)_first].Item == 0)
        {
            _first++;
        }
    }

    // Protects the chosen pages, or settles them behind the flush, under one hold of a leaf's latch each.
    private void ForEachLeaf(bool protects)
    {
        for (int i = _first, next; i < _count; i = next)
        {
            uint itemLeaf = _pages[(uint)i].Item >> RmapItemLeaf.Shift;
            for (next = i + 1; next < _count && _pages[(uint)next].Item >> RmapItemLeaf.Shift == itemLeaf; next++)
            {
            }

            Span<AheadPage> pages = _pages.Run((uint)i, next - i);
            AddressSpace space = ((MmSlot)_items.ListOf(pages[0].Item)).Space;
            space.EnterShared();
            if (!space.IsExiting)
            {
                HandleLeaf(space, pages, protects);
            }

            space.ExitShared();
        }
    }

    private void HandleLeaf(AddressSpace space, Span<AheadPage> pages, bool protects)
    {
        ulong first = _items.PageOf(pages[0].Item);
        ref ulong owed = ref pages[0].Checksum;
        if (protects)
        {
            owed = 0;
        }
        else
        {
            // All that batches owed the address space has been flushed, too, so that no other thread does it again.
            space.Translations.MarkFlushed((int)owed);
        }

        uint leaf = space.Table.Find(first);
        if (leaf == 0)
        {
            return;
        }

        LeafEdit edit = new(space.Table, leaf, first);
        bool owes = false;
        if (edit.Kind == LeafKind.Table)
        {
            foreach (ref AheadPage page in pages)
            {
                ulong number = _items.PageOf(page.Item);
                if (protects)
                {
                    owes |= PageAhead.TryProtect(space, _cpu, edit, number, ref page, _protected);
                }
                else
                {
                    PageAhead.Settle(space, edit, number, ref page);
                }
            }
        }

        edit.Exit();
        if (owes)
        {
            _ = space.Translations.OwesBatched(out int seen);
            owed = (uint)seen;
        }
    }

    private void Undo(in AheadPage page)
    {
        // A list that is known by an item has items, so it is a registered address space's.
        if (_items[page.Item].State == RmapItemState.Absent || _items.ListOf(page.Item) is not MmSlot slot)
        {
            return;
        }

        AddressSpace space = slot.Space;
        ulong number = _items.PageOf(page.Item);
        space.EnterShared();
        uint leaf = space.IsExiting ? 0 : space.Table.Find(number);
        if (leaf != 0)
        {
            LeafEdit edit = new(space.Table, leaf, number);
            if (edit.Kind == LeafKind.Table)
            {
                PageAhead.Undo(space, edit, number, in page);
            }

            edit.Exit();
        }

        space.ExitShared();
    }

    private ulong ChecksumOf(Pfn frame) =>
        PageChecksum.Hash64(in MemoryMarshal.GetReference(_frames.Content(frame)), (nuint)_frames.ContentSize);
}
