using System.Runtime.InteropServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Simd;

namespace FastKsm.Merging;

/// <content>What is done about one page.</content>
internal sealed partial class MergeScanner
{
    /// <summary>EFAULT: what Linux reports for every merge that fails.</summary>
    private const int BadAddress = (int)Errno.BadAddress;

    // A huge page has been taken apart, and pages of zeroes have lost their frames by it.
    private bool _hasLostPages;

    private void Process(ref Visit visit)
    {
        if (visit.Node != 0)
        {
            if (_stable.IsPlaced(visit.Node))
            {
                // Merged, and the item hangs off another node or none: a fork brought the page here.
                TakeOut(visit.Item);
                Join(visit, visit.Node);
            }
            else
            {
                Resettle(ref visit);
            }

            return;
        }

        TakeOut(visit.Item);
        Counters.Statistics.ChecksumsTaken++;
        if (!visit.HasChecksum)
        {
            visit.Checksum = ChecksumOf(visit.Frame);
        }

        ref RmapItem item = ref _items[visit.Item];
        if (item.Checksum != (uint)visit.Checksum)
        {
            item.Checksum = (uint)visit.Checksum;
            return;
        }

        if (Knobs.UseZeroPages && item.Checksum == _zeroChecksum && TryPlaceZeroFrame(ref visit))
        {
            return;
        }

        Counters.Statistics.PagesSearched++;
        uint node = _stable.Search(visit.Frame, visit.Checksum);
        if (node != 0)
        {
            Join(visit, node);
            _frames.Release(_cpu, _stable.FrameOf(node));
            return;
        }

        SearchUnstable(visit);
    }

    private void SearchUnstable(in Visit visit)
    {
        ref RmapItem item = ref _items[visit.Item];
        UnstableMatch match = _index.SearchOrInsert(visit.Item, visit.Frame, visit.Checksum);
        switch (match.Outcome)
        {
            case UnstableOutcome.Inserted:
                item.State = RmapItemState.Unstable;
                item.Sequence = (byte)Counters.FullScans;
                Counters.PagesUnshared++;
                if (visit.HasLostPage)
                {
                    _index.PagesLost();
                }

                break;
            case UnstableOutcome.Found:
                Found(visit, match);

                // Two pages of one huge page: it could not be taken apart with a reference to either. Now it can; they merge
                // in another scan.
                bool sameHuge = PhysicalMemory.HeadOf(visit.Frame) == PhysicalMemory.HeadOf(match.Frame);
                _frames.Release(_cpu, match.Frame);
                if (sameHuge && _frames[visit.Frame].Has(FrameFlags.Huge))
                {
                    AddressSpace space = visit.Slot.Space;
                    space.EnterShared();
                    _ = TryDissolve(space, visit.Page, visit.Frame);
                    ExitShared(space);
                }

                break;
            default:
                break;
        }
    }

    // The merged frame has moved to another NUMA node: its node belongs elsewhere, or gives way to one that is there already.
    private void Resettle(ref Visit visit)
    {
        uint node = _stable.Resettle(visit.Node);
        if (node == 0 || node != _stable.NodeOf(_items[visit.Item]))
        {
            TakeOut(visit.Item);
            if (node == 0)
            {
                // Full, as Linux has it: the page is treated as one that is not merged, until its next visit.
                visit.Checksum = ChecksumOf(visit.Frame);
                SearchUnstable(visit);
                return;
            }

            Join(visit, node);
        }

        _frames.Release(_cpu, _stable.FrameOf(node));
    }

    // A page that is on the node's frame already joins it even beyond the limit of sharing.
    private void Join(in Visit visit, uint node)
    {
        if (!_stable.TryPromiseRecord())
        {
            return;
        }

        if (TryMerge(visit.Slot, visit.Item, visit.Frame, _stable.FrameOf(node), out uint anonVma, out ulong index))
        {
            _stable.Append(node, visit.Item, anonVma, index);
        }
        else
        {
            _stable.CancelRecord();
        }
    }

    // The page being visited becomes the merged one; the page met before gives its frame up for it.
    private void Found(in Visit visit, UnstableMatch match)
    {
        if (!_stable.TryPromiseInsert())
        {
            return;
        }

        if (!TryMerge(visit.Slot, visit.Item, visit.Frame, Pfn.None, out uint anonVma, out ulong index))
        {
            _stable.CancelInsert();
            return;
        }

        if (!TryMerge(SlotOf(match.Item), match.Item, match.Frame, visit.Frame, out uint otherAnonVma, out ulong otherIndex))
        {
            _stable.CancelInsert();

            // As Linux, whatever comes of it: without a copy the page stays merged with nothing until its next visit. Frames that wait
            // for a flush come back first, so that the copy finds as many as it would without a batch.
            _store.AnonVmas.Drop(anonVma);
            _batch?.Replaced.Flush(_cpu);
            _ = PageMerge.Break(visit.Slot.Space, _cpu, visit.Page);
            _stable.ForgetOverlaid(ref _items[visit.Item]);
            return;
        }

        uint node = _stable.Insert(visit.Frame);
        _stable.Append(node, match.Item, otherAnonVma, otherIndex);
        _stable.Append(node, visit.Item, anonVma, index);
    }

    private void Tell(KsmEventKind kind, MmSlot slot, uint item, Pfn frame, Pfn target, bool merged)
    {
        if (_events.IsOn)
        {
            long pfn = target.IsSome ? target.Number : frame.Number;
            int error = merged ? 0 : -BadAddress;
            _events.Add(kind == KsmEventKind.MergeOnePage
                ? new KsmEvent(kind, pfn, item, slot.SpaceId, error)
                : new KsmEvent(kind, target.Number, pfn, item, slot.SpaceId, error));
        }
    }

    // On success the item is in no index, and its VMA's anon_vma is held.
    private bool TryMerge(
        MmSlot slot, uint item, Pfn frame, Pfn target, out uint anonVma, out ulong index)
    {
        AddressSpace space = slot.Space;
        ulong page = _items.PageOf(item);
        space.EnterShared();
        bool merged = PageMerge.IsMergeable(space, page, out anonVma, out index) && TryMerge(space, page, frame, target);
        if (merged)
        {
            TakeOut(item);
            _store.AnonVmas.Hold(anonVma);
        }

        ExitShared(space);
        Tell(KsmEventKind.MergeWithKsmPage, slot, item, frame, target, merged);
        return merged;
    }

    // A page of a huge page can be merged only when it stands for itself. Under the mm lock.
    private bool TryMerge(AddressSpace space, ulong page, Pfn frame, Pfn target) => frame == target
        || ((!_frames[frame].Has(FrameFlags.Huge) || TryDissolve(space, page, frame))
            && PageMerge.TryMerge(space, _cpu, page, frame, target, _batch?.Replaced));

    // The index looks at pages of any address space, which is not to be done with a lock of one.
    private void ExitShared(AddressSpace space)
    {
        space.ExitShared();
        if (_hasLostPages)
        {
            _hasLostPages = false;
            _index.PagesLost();
        }
    }

    private bool TryDissolve(AddressSpace space, ulong page, Pfn frame)
    {
        bool dissolved = HugeDissolving.TryDissolve(space, _cpu, page, frame, out int zeroes, out bool shared)
            || (shared && Dissolver!.TryDissolve(_cpu, frame, out zeroes));
        Counters.Statistics.HugePagesSplit += dissolved ? 1 : 0;
        _hasLostPages |= zeroes != 0;
        return dissolved;
    }

    // Whether nothing else is to be done about the page.
    private bool TryPlaceZeroFrame(ref Visit visit)
    {
        AddressSpace space = visit.Slot.Space;
        space.EnterShared();
        bool mergeable = PageMerge.IsMergeable(space, visit.Page, out _, out _);
        Pfn zero = _frames.ZeroFrameOf(visit.Page);
        bool placed = mergeable && TryMerge(space, visit.Page, visit.Frame, zero);
        visit.HasLostPage = _hasLostPages;
        ExitShared(space);
        Counters.Statistics.ZeroPagesPlaced += placed ? 1 : 0;
        if (mergeable)
        {
            Tell(KsmEventKind.MergeOnePage, visit.Slot, visit.Item, visit.Frame, zero, placed);
        }

        return placed || !mergeable;
    }

    private ulong ChecksumOf(Pfn frame) =>
        PageChecksum.Hash64(in MemoryMarshal.GetReference(_frames.Content(frame)), (nuint)_frames.ContentSize);
}
