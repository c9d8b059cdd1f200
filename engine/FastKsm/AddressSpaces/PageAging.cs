using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>
/// madvise that makes pages look unused, and MADV_FREE, which offers them as well. Under the mm lock, shared.
/// </summary>
internal static class PageAging
{
    /// <summary>Makes present pages look unused; lazily freed ones also clean and not worth a swap slot.</summary>
    internal static void Age(AddressSpace space, ref PageGather gather, ulong start, ulong end, bool lazilyFree)
    {
        foreach (LeafRun run in new LeafRuns(space.Table, start, end))
        {
            LeafEdit edit = space.EnterChecked(gather.Cpu, run.Leaf, run.Page);
            _ = edit.GetSettled(run.Position);
            bool isHugeAged = false;
            if (edit.Kind != LeafKind.Huge || TryAgeHuge(space, gather.Cpu, ref edit, run, lazilyFree, ref isHugeAged))
            {
                AgePages(space, ref gather, ref edit, run, lazilyFree);
            }

            edit.Exit();
            HugeMapping.PaySplit(space, gather.Cpu, edit);
            if (isHugeAged)
            {
                // As Linux with MADV_FREE: the mapping is flushed where it changes, and by the gather once more.
                space.PayHuge(gather.Cpu, FlushSite.HugeAged, edit.Debt);
            }

            gather.Add(edit.Debt);
        }
    }

    private static void AgePages(
        AddressSpace space, ref PageGather gather, ref LeafEdit edit, LeafRun run, bool lazilyFree)
    {
        bool whole = IsWholeHuge(space, edit, run);
        for (int i = 0; i < run.Count && edit.Populated != 0; i++)
        {
            int position = run.Position + i;
            Pte pte = edit.GetSettled(position);
            if (edit.Kind == LeafKind.Huge)
            {
                // The latch was given back for a marker or a flush, and other threads have emptied the table and mapped
                // it as a whole: nothing of that is as old as this call.
                return;
            }

            if (lazilyFree && pte.IsSwap)
            {
                edit.Replace(position, default);
                PageZap.EntryGone(space, pte);
            }

            if (pte.IsCounted && space.Store.Frames[pte.Frame].Has(FrameFlags.Huge) && !whole)
            {
                // It stands for itself from now on, or has no frame any more; or it stays part of the whole, and as it
                // is.
                pte = TryTakeApart(space, ref gather, ref edit, run.Page + (uint)i, pte) ? edit.GetSettled(position) : default;
                if (edit.Kind == LeafKind.Huge)
                {
                    return;
                }

                if (pte.IsCounted && space.Store.Frames[pte.Frame].Has(FrameFlags.Huge))
                {
                    continue;
                }
            }

            if (pte.IsCounted)
            {
                AgePage(space, ref edit, position, pte, lazilyFree);
            }
        }
    }

    private static void AgePage(AddressSpace space, ref LeafEdit edit, int position, Pte pte, bool lazilyFree)
    {
        // MADV_FREE makes the PTE of a page that fork shares look clean and unused where its frame is not marked dirty,
        // as on Linux. But no process offers a page for others: Linux 6.18 does, so that page-out empties it for all of
        // them.
        ref FrameRecord frame = ref space.Store.Frames[pte.Frame];
        bool others = space.Store.Frames.MapCountOf(pte.Frame) != 1;
        bool keeps = lazilyFree
            ? !frame.Has(FrameFlags.Anonymous)
                || (others && (frame.Flags & (FrameFlags.Dirty | FrameFlags.Huge)) != FrameFlags.None)
            : others;
        if (keeps)
        {
            return;
        }

        if (lazilyFree && !others)
        {
            frame.Clear(FrameFlags.Dirty | FrameFlags.SwapBacked);
        }

        edit.Age(position, pte.WithAccessed(false).WithDirty(pte.IsDirty && !lazilyFree));
    }

    // A huge mapping is aged as a whole; for a part of it the huge page is taken apart, if it can be. True: by single
    // pages.
    private static bool TryAgeHuge(
        AddressSpace space, int cpu, ref LeafEdit edit, LeafRun run, bool lazilyFree, ref bool isHugeAged)
    {
        Pte entry = edit.Whole;
        if (!entry.IsCounted)
        {
            return false;
        }

        if (!run.IsWhole)
        {
            Pfn part = entry.At(run.Position).Frame;
            space.Store.Frames.HolderOf(part).AddReference();
            bool apart = TryTakeApartHere(space, cpu, ref edit, run.Page, part, out _);
            space.Store.Frames.Release(cpu, part);
            return apart;
        }

        HugeFrame huge = space.Store.Frames.HugeFrameOf(entry.Frame);
        if (huge is { WholeMappings: 1, SingleMappings: 0 })
        {
            for (int i = 0; i < PteLeaf.Length && lazilyFree; i++)
            {
                huge[i].Clear(FrameFlags.Dirty | FrameFlags.SwapBacked);
            }

            edit.TightenWhole(entry.WithAccessed(false).WithDirty(entry.IsDirty && !lazilyFree));
            isHugeAged = lazilyFree && edit.Debt.IsOwed;
        }

        return false;
    }

    // Whether a leaf maps all of a huge page in order, page by page: then it is left together.
    private static bool IsWholeHuge(AddressSpace space, in LeafEdit edit, LeafRun run)
    {
        Pfn first = edit.Get(0).Frame;
        bool whole = run.IsWhole && first.IsSome && PhysicalMemory.HeadOf(first) == first;
        for (int i = 0; i < run.Count && whole; i++)
        {
            Pte pte = edit.Get(i);
            whole = pte.IsCounted && pte.Frame.Number == first.Number + (uint)i
                && space.Store.Frames[pte.Frame].Has(FrameFlags.Huge);
        }

        return whole;
    }

    // Other leaves may map parts of the huge page, which mremap has taken there. A walk finds them, and it takes their
    // latches, so this one's is given back meanwhile, behind the flush that is owed. The mm lock keeps the leaf; the
    // caller looks at the entry again.
    private static bool TryTakeApart(AddressSpace space, ref PageGather gather, ref LeafEdit edit, ulong page, Pte pte)
    {
        // Taken under the latch under which the entry was read, and kept through both tries. Each of them gives the
        // latch back, and a fault that copies the page could free its frame there: a reference taken after that would
        // be one to a free frame.
        space.Store.Frames.HolderOf(pte.Frame).AddReference();
        bool apart = TryTakeApartHere(space, gather.Cpu, ref edit, page, pte.Frame, out bool elsewhere);
        if (!apart && elsewhere && space.Store.Frames.HugeFrameOf(pte.Frame).IsOfOneSpace)
        {
            gather.Add(edit.Detach());
            edit.Exit();
            gather.FlushTranslations();
            apart = space.Store.Dissolver!.TryDissolve(gather.Cpu, pte.Frame, out _);
            int splits = edit.TakeSplits();
            edit = space.EnterChecked(gather.Cpu, edit.Leaf, page);
            edit.Attach(default, splits);
        }

        space.Store.Frames.Release(gather.Cpu, pte.Frame);
        return apart;
    }

    // Under the latch, which is given back meanwhile. The caller has a reference to the frame: the one that taking
    // apart asks for.
    private static bool TryTakeApartHere(
        AddressSpace space, int cpu, ref LeafEdit edit, ulong page, Pfn frame, out bool elsewhere)
    {
        int zeroes = 0;
        bool apart = HugeDissolving.TryDissolve(space, cpu, ref edit, page, frame, ref zeroes, out elsewhere);

        // What the batch of taking apart has flushed, this operation does not know of; Linux flushes once more, too
        // (R6).
        FlushDebt owed = edit.Detach();
        int splits = edit.Splits;
        edit.Exit();
        edit = space.EnterChecked(cpu, edit.Leaf, page);
        edit.Attach(owed, splits);
        return apart;
    }
}
