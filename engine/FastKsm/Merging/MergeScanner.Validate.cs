using System;
using System.Collections.Generic;
using FastKsm.AddressSpaces;
using FastKsm.Memory;

namespace FastKsm.Merging;

/// <content>The check of invariants K1 to K7, for a machine at rest.</content>
internal sealed partial class MergeScanner
{
    /// <summary>Counts everything again from the items and the stable nodes.</summary>
    /// <returns>For an anon_vma, the merged items that hold it.</returns>
    /// <exception cref="InvalidOperationException">An invariant is broken; the message names it.</exception>
    internal Func<uint, int> Validate()
    {
        using (_mutex.Hold())
        {
            Dictionary<uint, int> holds = [];
            StableRecount recount = _stable.Validate(holds);
            long items = 0;
            long unshared = 0;
            long entered = 0;
            for (MmSlot? slot = _slots.After(null); slot is not null; slot = _slots.After(slot))
            {
                Require(slot.Space.IsRegistered, "K6", slot.Space.Id);
                (long count, long merging) = (0, 0);
                ulong page = 0;
                for (uint item; (item = _items.FindNext(slot, ref page, _store.PageLimit)) != 0; page++)
                {
                    count++;
                    RmapItem record = _items[item];
                    Require(_items.ListOf(item) == slot && _items.PageOf(item) == page, "K4", item);
                    merging += record.State == RmapItemState.Stable ? 1 : 0;
                    unshared += record.State == RmapItemState.Unstable ? 1 : 0;
                    entered += record.State == RmapItemState.Unstable && record.Sequence == (byte)Counters.FullScans ? 1 : 0;
                    Require(record.State != RmapItemState.Stable || recount.Items.Remove(item), "K2", item);
                    Require(record.State != RmapItemState.Stable || IsFoundByWalks(slot, record.Node), "K7", item);
                }

                Require(count == slot.Count && merging == slot.MergingPages, "K5", slot.Space.Id);
                items += count;
            }

            Require(recount.Items.Count == 0, "K2", 0);
            Require(items == Counters.RmapItems && unshared == Counters.PagesUnshared, "K5", 0);
            Require(recount.Shared == Counters.PagesShared && recount.Sharing == Counters.PagesSharing, "K5", 0);
            Require(recount.Chains == Counters.Chains && recount.Dups == Counters.Dups, "K5", 0);
            _index.Validate(entered);
            return anonVma => holds.GetValueOrDefault(anonVma);
        }
    }

    private bool IsFoundByWalks(MmSlot slot, uint id)
    {
        _ = _stable.NextRecord(id, out StableRecord record);
        _ = NextPlace(id, out MergedPlace place);
        Pfn frame = _stable.FrameOf(record.Node);
        bool stale = !_frames[frame].Has(FrameFlags.Ksm) || _frames[frame].Mapping != record.Node;
        return place.AnonVma != 0 && (stale || PageMerge.IsFoundBy(slot.Space, place.Page, frame, place.AnonVma, place.Index));
    }

    private static void Require(bool holds, string invariant, uint id)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Invariant {invariant} is broken at {id}.");
        }
    }
}
