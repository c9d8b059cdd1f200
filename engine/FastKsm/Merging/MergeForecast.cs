using System;
using System.Runtime.InteropServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Simd;

namespace FastKsm.Merging;

/// <summary>Chooses the pages that will probably merge in the part of a scan that comes next.</summary>
/// <remarks>
/// A forecast: it changes nothing, and a page that it misses or chooses wrongly costs flushes or a look, and no merge.
/// Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class MergeForecast : IDisposable
{
    private static readonly Comparison<AheadPage> s_byChecksum = (one, other) => one.Checksum.CompareTo(other.Checksum);
    private static readonly Comparison<AheadPage> s_byItem = (one, other) => one.Item.CompareTo(other.Item);

    private readonly PhysicalMemory _frames;
    private readonly RmapItemTable _items;
    private readonly MmSlotList _slots;
    private readonly MergeKnobs _knobs;
    private readonly IMergeIndex _index;
    private readonly bool _skipsStable;
    private readonly int _most;
    private readonly ulong _zeroChecksum;
    private readonly NativeColumn<AheadPage> _pages;

    // Pages met, or chosen; the chosen ones begin at the first.
    private int _count;
    private int _first;

    /// <param name="parts">What merging works on.</param>
    /// <param name="slots">The registered address spaces.</param>
    /// <param name="index">Where contents will be looked for.</param>
    /// <param name="skipsStable">Whether smart scan skips pages that count as merged still.</param>
    /// <param name="most">Pages that it meets at most.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space.</exception>
    internal MergeForecast(MergeParts parts, MmSlotList slots, IMergeIndex index, bool skipsStable, int most)
    {
        _frames = parts.Frames;
        _items = parts.Items;
        _slots = slots;
        _knobs = parts.Knobs;
        _index = index;
        _skipsStable = skipsStable;
        _most = most;
        _zeroChecksum = ChecksumOf(PhysicalMemory.AnyZeroFrame);

        // Every page may have a partner that has been visited before.
        _pages = new NativeColumn<AheadPage>(2 * (uint)most, parts.Faults);
    }

    /// <summary>Makes the choice. With no lock but the mutex.</summary>
    /// <param name="slot">Slot under the cursor; null between two scans.</param>
    /// <param name="address">The page at which the scan goes on there.</param>
    /// <param name="pages">Pages that it will visit.</param>
    internal void Make(MmSlot? slot, ulong address, long pages)
    {
        Forget();
        Meet(slot, slot is null ? 0 : address, pages);
        Choose();
    }

    /// <summary>Forgets it.</summary>
    internal void Forget() => (_first, _count) = (0, 0);

    /// <summary>The next pages of it that have their items in one leaf.</summary>
    /// <param name="index">0 to begin with.</param>
    /// <param name="pages">The pages, ascending.</param>
    /// <returns>False behind the last.</returns>
    internal bool TryNextLeaf(ref int index, out Span<AheadPage> pages)
    {
        int start = int.Max(index, _first);
        for (index = start; index < _count && LeafAt(index) == LeafAt(start); index++)
        {
        }

        pages = _pages.Run((uint)start, index - start);
        return index != start;
    }

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();

    private uint LeafAt(int index) => _pages[(uint)index].Item >> RmapItemLeaf.Shift;

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

        if (!merged && !frame.Has(FrameFlags.Huge) && _count < _most)
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

        // By item: pages of one leaf come together, and what has not been chosen comes first.
        _pages.Run(0, _count).Sort(s_byItem);
        while (_first < _count && _pages[(uint)_first].Item == 0)
        {
            _first++;
        }
    }

    private ulong ChecksumOf(Pfn frame) =>
        PageChecksum.Hash64(in MemoryMarshal.GetReference(_frames.Content(frame)), (nuint)_frames.ContentSize);
}
