using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>fork: a child gets the parent's entries, and both lose the right to write.</summary>
/// <remarks>
/// Under both mm locks, held alone. Both latches of a pair of leaves are held together: no other thread can see the child. A pinned page is
/// copied: its frame is taken with the latches given back. The parent's flush, one for all, is the caller's.
/// </remarks>
internal static class PageCopy
{
    /// <summary>Copies a VMA and its pages.</summary>
    internal static MemoryStatus CopyVma(AddressSpace parent, int cpu, uint id, AddressSpace child)
    {
        ref Vma vma = ref parent.Vmas[id];
        bool pagesToo = vma.AnonVma != 0 && !vma.Has(VmaFlags.WipeOnFork);
        if (!parent.Vmas.TryCopy(id, child.Vmas, pagesToo, out uint copy))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        // Pages of a VMA that was never written are as easily faulted in again as copied.
        MemoryStatus status = MemoryStatus.Done;
        if (pagesToo)
        {
            foreach (LeafRun run in new LeafRuns(parent.Table, vma.Start, vma.End))
            {
                if (status == MemoryStatus.Done && parent.Table.KindOf(run.Leaf) != LeafKind.None)
                {
                    status = CopyLeaf(parent, cpu, child, ref child.Vmas[copy], run);
                }
            }
        }

        return status;
    }

    private static MemoryStatus CopyLeaf(AddressSpace parent, int cpu, AddressSpace child, ref Vma copy, LeafRun run)
    {
        if (!child.Table.TryFindOrAdd(run.Page, out uint into))
        {
            return MemoryStatus.OutOfNativeMemory;
        }

        LeafEdit from = new(parent.Table, run.Leaf, run.Page);
        LeafEdit to = new(child.Table, into, run.Page);
        if (from.Kind == LeafKind.Huge)
        {
            if (TryShareHuge(parent, ref from, child, ref to))
            {
                to.Exit();
                from.Exit();
                return MemoryStatus.Done;
            }

            HugeMapping.Split(parent, ref from);
        }

        to.MakeTable();
        MemoryStatus status = MemoryStatus.Done;
        long mergerZero = 0;
        Pfn own = Pfn.None;
        for (int i = 0; i < run.Count && status == MemoryStatus.Done; i++)
        {
            Pte pte = from.GetSettled(run.Position + i);
            if (pte.IsEmpty)
            {
                continue;
            }

            if (pte.IsCounted && IsPinned(parent, pte) && !own.IsSome)
            {
                to.Exit();
                from.Exit();
                status = parent.Store.Frames.TakeZeroed(cpu, copy.Node, out own);
                from.Reenter();
                to.Reenter();
                i--;
                continue;
            }

            CopyEntry(parent, ref from, child, ref to, copy, run.Page + (uint)i, pte, ref own, ref mergerZero);
        }

        to.Exit();
        from.Exit();
        HugeMapping.PaySplit(parent, cpu, from);
        if (own.IsSome)
        {
            parent.Store.Frames.Release(cpu, own);
        }

        child.CountMergerZeroPages(mergerZero);
        return status;
    }

    private static void CopyEntry(
        AddressSpace parent, ref LeafEdit from, AddressSpace child, ref LeafEdit to, in Vma copy, ulong page, Pte pte,
        ref Pfn own, ref long mergerZero)
    {
        int position = PageTable.PositionOf(page);
        if (!pte.IsPresent)
        {
            CopyAbsent(parent, ref from, child, ref to, position, pte);
            return;
        }

        if (!pte.IsCounted)
        {
            to.Install(position, pte);
            mergerZero += pte.IsDirty ? 1 : 0;
            return;
        }

        PhysicalMemory frames = parent.Store.Frames;
        if (own.IsSome && IsPinned(parent, pte))
        {
            // The borrower works with the parent's page; the parent keeps it, writable as it is.
            frames.Content(pte.Frame).CopyTo(frames.Content(own));
            FrameOwner.MapOwn(child, to, copy, page, position, own, writable: true, dirty: true);
            own = Pfn.None;
            return;
        }

        ref FrameRecord frame = ref frames[pte.Frame];
        frame.Clear(FrameFlags.Exclusive);
        frames.AddMapping(pte.Frame, child.Id);
        child.Counts.AddResident(frame, 1);
        Pte both = pte.WithWritable(false);
        from.Tighten(position, both);
        to.Install(position, both.WithAccessed(false));
    }

    // A page that is paged out or moving is from now on that of both.
    private static void CopyAbsent(
        AddressSpace parent, ref LeafEdit from, AddressSpace child, ref LeafEdit to, int position, Pte entry)
    {
        Pte both = entry.WhenForked();
        from.Replace(position, both);
        to.Replace(position, both);
        if (entry.IsSwap)
        {
            parent.Store.Swap.AddReference(entry.Entry.Offset);
            child.Counts.AddSwapped(1);
        }
        else
        {
            // Only anonymous pages move.
            child.Counts.AddAnonymous(1);
        }
    }

    private static bool IsPinned(AddressSpace parent, Pte pte) =>
        parent.Store.Frames[pte.Frame].Has(FrameFlags.Anonymous | FrameFlags.Exclusive)
        && parent.Store.Frames.HolderOf(pte.Frame).Pins != 0;

    // Shares a huge mapping, unless a borrower who works with the pages has to keep them.
    private static bool TryShareHuge(AddressSpace parent, ref LeafEdit from, AddressSpace child, ref LeafEdit to)
    {
        Pte entry = from.Whole;
        Pte both = entry.WithWritable(false);
        if (entry.IsCounted)
        {
            HugeFrame huge = parent.Store.Frames.HugeFrameOf(entry.Frame);
            if (huge.Head.Pins != 0 && huge.Head.Has(FrameFlags.Exclusive))
            {
                return false;
            }

            huge.Head.Clear(FrameFlags.Exclusive);
            huge.Head.AddReference();
            huge.AddWholeMapping(child.Id);
            child.Counts.AddResident(huge.Head, PteLeaf.Length);
            from.TightenWhole(both);
            both = both.WithAccessed(false);
        }

        to.InstallWhole(both);
        return true;
    }
}
