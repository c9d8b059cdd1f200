using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <content>What pages are, for those who ask: the figures of smaps.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Counts the pages of a range by what they are at this moment.</summary>
    internal PageCounts Count(ulong start, ulong end)
    {
        PageCounts counts = default;
        _latch.EnterRead();
        for (VmaCursor at = _tree.Find(start); at.IsSome && VmaAt(_tree.At(at)).Start < end; at = _tree.After(at))
        {
            ref Vma vma = ref VmaAt(_tree.At(at));
            (ulong first, ulong stop) = (ulong.Max(start, vma.Start), ulong.Min(end, vma.End));
            counts.Vmas++;
            counts.Pages += (long)(stop - first);
            long before = counts.Shares;
            CountPages(first, stop, ref counts);
            counts.LockedShares += vma.Has(VmaFlags.Locked) ? counts.Shares - before : 0;
        }

        ExitShared();
        return counts;
    }

    private void CountPages(ulong start, ulong end, ref PageCounts counts)
    {
        ulong page = start;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, end, out int count)) != 0; page += (uint)count)
        {
            int position = PageTable.PositionOf(page);
            _pageTable.Enter(leaf);
            for (int i = 0; i < count && _pageTable.PopulatedIn(leaf) != 0; i++)
            {
                Pte pte = _pageTable.Get(leaf, position + i);
                if (pte.IsCounted)
                {
                    CountPage(pte, _store.Frames[pte.Frame], _store.Frames.MapCountOf(pte.Frame), ref counts);
                }
            }

            _pageTable.Exit(leaf);
        }
    }

    private static void CountPage(Pte pte, in FrameRecord frame, int mapCount, ref PageCounts counts)
    {
        int mappings = int.Max(1, mapCount);
        bool shared = mappings > 1;
        bool dirty = pte.IsDirty || frame.Has(FrameFlags.Dirty);
        counts.Resident++;
        counts.Shares += (1L << PageCounts.ShareShift) / mappings;
        counts.Anonymous += frame.Has(FrameFlags.Anonymous) ? 1 : 0;
        counts.AnonymousHuge += pte.IsHuge ? 1 : 0;
        counts.Merged += frame.Has(FrameFlags.Ksm) ? 1 : 0;
        counts.SharedClean += shared && !dirty ? 1 : 0;
        counts.SharedDirty += shared && dirty ? 1 : 0;
        counts.PrivateClean += !shared && !dirty ? 1 : 0;
        counts.PrivateDirty += !shared && dirty ? 1 : 0;
        counts.Referenced += pte.IsAccessed ? 1 : 0;
    }
}
