using System;
using System.Diagnostics;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>What same-page merging does to pages: finding candidates, merging a page, undoing it.</summary>
/// <remarks>Under the mm lock of the address space unless a member says otherwise.</remarks>
internal static class PageMerge
{
    /// <summary>
    /// Whether a mapping is a candidate for merging at this moment (ksm_mergeable of ksm_stat). Takes the mm lock.
    /// </summary>
    internal static bool HasMergeable(AddressSpace space)
    {
        bool any = false;
        space.EnterShared();
        foreach (uint id in space.Vmas.After(0))
        {
            any |= space.Vmas[id].Has(VmaFlags.Mergeable);
        }

        space.ExitShared();
        return any;
    }

    /// <summary>Moves a cursor to the next run of pages that may merge and may be present.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cursor">
    /// First page to consider. It passes over mergeable VMAs that never had an anonymous page, and stays where it is
    /// for VMAs that are not mergeable: by it the scanner tells whether it met any that are.
    /// </param>
    /// <param name="end">One past the last page of the run.</param>
    /// <returns>False when there is none.</returns>
    internal static bool TryNext(AddressSpace space, ref ulong cursor, out ulong end)
    {
        foreach (uint id in space.Vmas.After(cursor))
        {
            ref Vma vma = ref space.Vmas[id];
            if (!vma.Has(VmaFlags.Mergeable))
            {
                continue;
            }

            cursor = ulong.Max(cursor, vma.Start);
            if (vma.AnonVma != 0)
            {
                end = vma.End;
                return true;
            }

            cursor = vma.End;
        }

        end = 0;
        return false;
    }

    /// <summary>
    /// Whether a page lies in a mergeable VMA that has had anonymous pages, and which index it has there.
    /// </summary>
    internal static bool IsMergeable(AddressSpace space, ulong page, out uint anonVma, out ulong index)
    {
        (anonVma, index) = (0, 0);
        uint id = space.IsExiting ? 0 : space.Vmas.Containing(page);
        if (id == 0 || !space.Vmas[id].Has(VmaFlags.Mergeable))
        {
            return false;
        }

        (anonVma, index) = (space.Vmas[id].AnonVma, space.Vmas[id].IndexOf(page));
        return anonVma != 0;
    }

    /// <summary>
    /// Whether a walk finds a page by what was noted when it was merged, as long as it maps the merged frame. For a
    /// machine at rest.
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="page">The page.</param>
    /// <param name="frame">Frame of the stable node that it is listed under.</param>
    /// <param name="anonVma">anon_vma of its VMA when it was merged.</param>
    /// <param name="index">Linear index that it had then.</param>
    internal static bool IsFoundBy(AddressSpace space, ulong page, Pfn frame, uint anonVma, ulong index)
    {
        if (space.IsExiting || !MappingActions.Maps(space, page, frame))
        {
            return true;
        }

        ref Vma vma = ref space.Vmas[space.Vmas.Containing(page)];
        return vma.IndexOf(page) == index && space.Store.AnonVmas.Contains(vma.Chain, anonVma);
    }

    /// <summary>
    /// Borrows the anonymous frame of a page that may merge; the borrower releases it. Takes the mm lock.
    /// </summary>
    /// <returns>None when the page may not merge any more, or has no such frame.</returns>
    internal static Pfn BorrowMergeable(AddressSpace space, ulong page)
    {
        space.EnterShared();
        Pfn borrowed = IsMergeable(space, page, out _, out _) ? Borrow(space, page) : Pfn.None;
        space.ExitShared();
        return borrowed;
    }

    /// <summary>Borrows the anonymous frame of a page; the borrower releases it. Takes the mm lock.</summary>
    /// <returns>None when the page maps no such frame.</returns>
    internal static Pfn BorrowAnonymous(AddressSpace space, ulong page)
    {
        space.EnterShared();
        Pfn borrowed = Borrow(space, page);
        space.ExitShared();
        return borrowed;
    }

    /// <summary>Makes a page read the same bytes from another frame, or its own frame a merged one.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page, in a mergeable VMA.</param>
    /// <param name="frame">Frame that it is supposed to map, none of a huge page's; the caller has a reference.</param>
    /// <param name="target">
    /// A merged frame that the caller has a reference to, the page's zero frame, or none: convert the page's own.
    /// </param>
    /// <param name="replaced">Where frames wait that are given up; null to flush for each.</param>
    /// <returns>
    /// False when the page maps something else by now, is borrowed, is merged already, or differs from the target; it
    /// may have been write-protected, which its next write fault repairs.
    /// </returns>
    internal static bool TryMerge(AddressSpace space, int cpu, ulong page, Pfn frame, Pfn target, ReplacedFrames? replaced)
    {
        if (frame == target)
        {
            return true;
        }

        // A merged frame that is not the target has lost its node in a merge that failed half-way, or is about to get
        // one. It has no linear index by which its place in the VMA could be told, so nothing replaces it before it is
        // copied.
        ref FrameRecord record = ref space.Store.Frames[frame];
        uint leaf = space.Table.Find(page);
        if (leaf == 0 || !record.Has(FrameFlags.Anonymous) || record.Has(FrameFlags.Ksm))
        {
            return false;
        }

        // A walk over the frame's mappings must not find it merged half-way; as Linux, the scanner does not wait.
        if (!record.TryLock())
        {
            return false;
        }

        bool merged = TryMergeLocked(space, cpu, leaf, page, frame, target, replaced);
        record.Unlock();
        return merged;
    }

    /// <summary>Gives a page a private copy if it is merged and its VMA mergeable still. Takes the mm lock.</summary>
    internal static MemoryStatus Break(AddressSpace space, int cpu, ulong page)
    {
        space.EnterShared();
        MemoryStatus status =
            IsMergeable(space, page, out _, out _) ? Unshare(space, cpu, page, page + 1) : MemoryStatus.Done;
        space.ExitShared();
        return status;
    }

    /// <summary>Gives every merged page in mergeable VMAs a private copy.</summary>
    internal static MemoryStatus BreakAll(AddressSpace space, int cpu)
    {
        MemoryStatus status = MemoryStatus.Done;
        ulong page = 0;
        while (status == MemoryStatus.Done && !space.IsExiting && TryNext(space, ref page, out ulong end))
        {
            status = Unshare(space, cpu, page, end);
            page = end;
        }

        return status;
    }

    /// <summary>Gives every merged page of a range a private copy.</summary>
    internal static MemoryStatus Unshare(AddressSpace space, int cpu, ulong start, ulong end)
    {
        MemoryStatus status = MemoryStatus.Done;
        foreach (LeafRun run in new LeafRuns(space.Table, start, end))
        {
            // Nothing in a huge mapping is merged.
            bool single = space.Table.KindOf(run.Leaf) == LeafKind.Table;
            for (int i = 0; single && i < run.Count && space.Table.PopulatedIn(run.Leaf) != 0; i++)
            {
                LeafEdit edit = new(space.Table, run.Leaf, run.Page);
                bool merged = IsMerged(space, edit.GetSettled(run.Position + i));
                edit.Exit();
                if (merged)
                {
                    status = PageFault.Handle(space, cpu, run.Page + (uint)i, FaultKind.Unshare, out _);
                    if (status != MemoryStatus.Done)
                    {
                        return status;
                    }
                }
            }
        }

        return status;
    }

    // A page that is moving will be merged again when it has arrived, so it counts; who needs it otherwise waits for
    // that.
    private static bool IsMerged(AddressSpace space, Pte pte) => (pte.IsPresent || pte.IsMigration)
        && (pte.IsZeroFrame ? pte.IsDirty : space.Store.Frames[pte.Frame].Has(FrameFlags.Ksm));

    private static Pfn Borrow(AddressSpace space, ulong page)
    {
        Pfn borrowed = Pfn.None;
        uint leaf = space.Table.Find(page);
        if (leaf != 0)
        {
            LeafEdit edit = new(space.Table, leaf, page);
            Pte pte = edit.GetSettled(PageTable.PositionOf(page));
            if (pte.IsCounted && space.Store.Frames[pte.Frame].Has(FrameFlags.Anonymous))
            {
                borrowed = pte.Frame;
                space.Store.Frames.HolderOf(borrowed).AddReference();
            }

            edit.Exit();
        }

        return borrowed;
    }

    private static bool TryMergeLocked(
        AddressSpace space, int cpu, uint leaf, ulong page, Pfn frame, Pfn target, ReplacedFrames? replaced)
    {
        if (!TryWriteProtect(space, cpu, leaf, page, frame, replaced, out Pte pte))
        {
            return false;
        }

        // From here on the frame's content stays what it is: a fault that writes the page copies it first, for the
        // scanner has a reference.
        space.Store.OracleSeesTrust(frame);
        if (!target.IsSome)
        {
            // Dirty, or reclaim would drop it instead of writing it to swap. Its node gets its id when it is inserted.
            ref FrameRecord record = ref space.Store.Frames[frame];
            LeafEdit edit = new(space.Table, leaf, page);
            bool stays = IsStill(edit.GetSettled(PageTable.PositionOf(page)), pte);
            if (stays)
            {
                record.Mapping = 0;
                record.Set(FrameFlags.Ksm | FrameFlags.Dirty);
            }

            edit.Exit();
            return stays;
        }

        // Without room for the frame the page is flushed by itself.
        return space.Store.Frames.AreEqual(frame, target) && (replaced is not null && replaced.TryMakeRoom(cpu)
            ? TryReplaceByTwin(space, cpu, leaf, page, pte, target, replaced)
            : TryReplace(space, cpu, leaf, page, pte, target));
    }

    // Afterwards no CPU can write the frame through this entry, nor through anything else.
    private static bool TryWriteProtect(
        AddressSpace space, int cpu, uint leaf, ulong page, Pfn frame, ReplacedFrames? replaced, out Pte pte)
    {
        int position = PageTable.PositionOf(page);
        ref FrameRecord record = ref space.Store.Frames[frame];
        LeafEdit edit = new(space.Table, leaf, page);
        pte = edit.GetSettled(position);
        if (!pte.IsCounted || pte.Frame != frame || !record.Has(FrameFlags.Anonymous))
        {
            edit.Exit();
            return false;
        }

        // While a gather is under way its entries say less than CPUs may still do: then the flush is made here, too.
        bool writable = pte.IsWritable && (replaced is null || space.Store.Flushes.Bug != PlantedBug.WriteNotNoticed);
        bool quiet = !writable && space.Translations.FlushPending == 0;
        if (quiet && !pte.IsDirty && !record.Has(FrameFlags.Exclusive))
        {
            edit.Exit();
            return true;
        }

        // First the translation dies, then the references are counted: a borrower that came by an old translation has
        // counted itself by now, and a later one finds no entry. Linux does so for every page; in a batch it is left
        // out where no CPU can hold a translation that writes, be it that the batch's first flush has killed it or that
        // there never was one. The latch then stands for the marker: a borrower needs it, so it has counted itself
        // before, or borrows what is merged.
        bool flushes = replaced is null || !quiet;
        Pte before = pte;

        // A page that gave the frame up in this batch is no borrower of it.
        int held = record.Has(FrameFlags.Replaced) ? 2 : 1;
        bool early = flushes && space.Store.Flushes.Bug == PlantedBug.PinsSeenBeforeFlush;
        bool alone = false;
        if (flushes)
        {
            edit.Take(position, Pte.Busy(frame));
            edit.Exit();
            alone = early && space.HasNoBorrower(page, in record, held);
            space.Pay(cpu, FlushSite.WriteProtected, edit.Debt);
            edit.Reenter();
        }

        alone = early ? alone : space.HasNoBorrower(page, in record, held);
        if (alone)
        {
            record.Clear(FrameFlags.Exclusive);
            if (pte.IsDirty)
            {
                record.Set(FrameFlags.Dirty);
            }

            pte = pte.WithWritable(false).WithDirty(false);
        }
        else
        {
            space.Store.CountBorrowedPageMet();
        }

        if (flushes)
        {
            edit.Install(position, alone ? pte : before);
        }
        else if (alone)
        {
            edit.Clean(position);
        }

        edit.Exit();
        return alone;
    }

    // The page may have been written, and copied by that, since it was protected; then it is left alone.
    private static bool TryReplace(AddressSpace space, int cpu, uint leaf, ulong page, Pte pte, Pfn target)
    {
        int position = PageTable.PositionOf(page);
        LeafEdit edit = new(space.Table, leaf, page);
        if (!IsStill(edit.GetSettled(position), pte))
        {
            edit.Exit();
            return false;
        }

        edit.Take(position, Pte.Busy(pte.Frame));
        edit.Exit();
        space.Pay(cpu, FlushSite.Replaced, edit.Debt);
        Pte shown = Adopt(space, pte, target);
        edit.Reenter();
        edit.Install(position, shown);
        edit.Exit();
        PageZap.Unmapped(space, pte);
        space.Store.Frames.Release(cpu, pte.Frame);
        return true;
    }

    // The same without a flush: the other frame shows at once. A CPU that goes on by the old translation reads the same
    // bytes, and can write no more than by the new one. The old frame's last reference of this page waits for the
    // batch's flush.
    private static bool TryReplaceByTwin(
        AddressSpace space, int cpu, uint leaf, ulong page, Pte pte, Pfn target, ReplacedFrames replaced)
    {
        int position = PageTable.PositionOf(page);
        LeafEdit edit = new(space.Table, leaf, page);
        if (!IsStill(edit.GetSettled(position), pte))
        {
            edit.Exit();
            return false;
        }

        if (edit.ReplaceByTwin(position, Adopt(space, pte, target), replaced.Batch.Site))
        {
            replaced.Batch.AddTwin(cpu, space.Translations, page);
        }

        edit.Exit();
        PageZap.Unmapped(space, pte);

        // Kept, so that the frame stays as it is: another process that maps it and writes is not its only owner, and
        // copies it.
        replaced.Keep(cpu, pte.Frame);
        return true;
    }

    // Counts a page to another frame, and says how its entry will look.
    private static Pte Adopt(AddressSpace space, Pte pte, Pfn target)
    {
        PhysicalMemory frames = space.Store.Frames;
        if (OracleSwitch.IsOn && !frames.Content(pte.Frame).SequenceEqual(frames.Content(target)))
        {
            space.Store.Oracle?.ReplacedByAnother(pte.Frame, target);
        }

        if (frames[target].Has(FrameFlags.Zero))
        {
            space.Counts.AddResident(frames[pte.Frame], -1);
            space.CountMergerZeroPages(1);

            // The dirty bit is what tells this entry from one that a read fault has made.
            return Pte.MapZero(target, pte.IsAccessible).WithAccessed(true).WithDirty(true);
        }

        ref FrameRecord shared = ref frames[target];
        Debug.Assert(shared.Has(FrameFlags.Anonymous | FrameFlags.Ksm), "Pages merge into merged frames only.");
        shared.AddReference();
        shared.AddMapping();
        if (!shared.Has(FrameFlags.SwapBacked))
        {
            // Its only owner has offered it, but not this page. Linux 6.18 forgets that: page-out empties both.
            shared.Set(FrameFlags.SwapBacked | FrameFlags.Dirty);
        }

        return Pte.Map(target, pte.IsAccessible).WithAccessed(true);
    }

    // A use since then does not matter.
    private static bool IsStill(Pte now, Pte pte) => now.WithAccessed(true) == pte.WithAccessed(true);
}
