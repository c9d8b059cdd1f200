using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <summary>Counts the pages of a range by kind, as smaps does.</summary>
internal static class PageCounting
{
    /// <summary>Counts the pages of a range by what they are at this moment.</summary>
    internal static PageCounts Count(AddressSpace space, ulong start, ulong end)
    {
        PageCounts counts = default;
        space.EnterShared();
        foreach (uint id in space.Vmas.After(start))
        {
            ref Vma vma = ref space.Vmas[id];
            if (vma.Start >= end)
            {
                break;
            }

            (ulong first, ulong stop) = (ulong.Max(start, vma.Start), ulong.Min(end, vma.End));
            counts.Vmas++;
            counts.Pages += (long)(stop - first);
            long before = counts.Shares;
            CountPages(space, first, stop, ref counts);
            counts.LockedShares += vma.Has(VmaFlags.Locked) ? counts.Shares - before : 0;
        }

        space.ExitShared();
        return counts;
    }

    private static void CountPages(AddressSpace space, ulong start, ulong end, ref PageCounts counts)
    {
        PhysicalMemory frames = space.Store.Frames;
        foreach (LeafRun run in new LeafRuns(space.Table, start, end))
        {
            LeafEdit edit = new(space.Table, run.Leaf, run.Page);
            for (int i = 0; i < run.Count && edit.Populated != 0; i++)
            {
                Pte pte = edit.GetSettled(run.Position + i);
                if (pte.IsCounted)
                {
                    CountPage(pte, frames[pte.Frame], frames.MapCountOf(pte.Frame), ref counts);
                }
            }

            edit.Exit();
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
