using System.Diagnostics;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>What same-page merging does to an address space: finding candidates, merging a page, undoing it.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Whether it has begun to go away: it has no VMA any more, or soon will have none.</summary>
    internal bool IsExiting { get; private set; }

    /// <summary>Whether a mapping is a candidate for merging at this moment (ksm_mergeable of ksm_stat).</summary>
    internal bool HasMergeable
    {
        get
        {
            _latch.EnterRead();
            VmaCursor at = _tree.Find(0);
            while (at.IsSome && !VmaAt(_tree.At(at)).Has(VmaFlags.Mergeable))
            {
                at = _tree.After(at);
            }

            _latch.ExitRead();
            return at.IsSome;
        }
    }

    /// <summary>Changes with every sole hold of the mm lock: while it stays, VMAs and page-table leaves stay. Under the lock.</summary>
    internal uint Generation => _latch.Generation;

    /// <summary>Takes the mm lock shared.</summary>
    internal void EnterShared() => _latch.EnterRead();

    /// <summary>Gives the shared hold back.</summary>
    internal void ExitShared()
    {
        _store.OracleSeesEnd();
        _latch.ExitRead();
    }

    /// <summary>Moves a cursor to the next run of pages that may merge and may be present. Under the mm lock.</summary>
    /// <param name="cursor">
    /// First page to consider. It passes over mergeable VMAs that never had an anonymous page, and stays where it is for
    /// VMAs that are not mergeable: by it the scanner tells whether it met any that are.
    /// </param>
    /// <param name="end">One past the last page of the run.</param>
    /// <returns>False when there is none.</returns>
    internal bool TryNextMergeable(ref ulong cursor, out ulong end)
    {
        for (VmaCursor at = _tree.Find(cursor); at.IsSome; at = _tree.After(at))
        {
            ref Vma vma = ref VmaAt(_tree.At(at));
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

    /// <summary>Whether a page lies in a mergeable VMA that has had anonymous pages, and which index it has there. Under the mm lock.</summary>
    internal bool IsMergeable(ulong page, out uint anonVma, out ulong index)
    {
        (anonVma, index) = (0, 0);
        uint id = IsExiting ? 0 : FindContaining(page);
        if (id == 0 || !VmaAt(id).Has(VmaFlags.Mergeable))
        {
            return false;
        }

        (anonVma, index) = (VmaAt(id).AnonVma, VmaAt(id).IndexOf(page));
        return anonVma != 0;
    }

    /// <summary>Whether a walk finds a page by what was noted when it was merged, as long as it maps the merged frame. For a machine at rest.</summary>
    /// <param name="page">The page.</param>
    /// <param name="frame">Frame of the stable node that it is listed under.</param>
    /// <param name="anonVma">anon_vma of its VMA when it was merged.</param>
    /// <param name="index">Linear index that it had then.</param>
    internal bool IsFoundBy(ulong page, Pfn frame, uint anonVma, ulong index)
    {
        if (IsExiting || !Maps(page, frame))
        {
            return true;
        }

        ref Vma vma = ref VmaAt(FindContaining(page));
        return vma.IndexOf(page) == index && _store.AnonVmas.Contains(vma.Chain, anonVma);
    }

    /// <summary>Borrows the anonymous frame of a page that may merge; the borrower releases it.</summary>
    /// <returns>None when the page may not merge any more, or has no such frame.</returns>
    internal Pfn BorrowMergeable(ulong page)
    {
        EnterShared();
        Pfn borrowed = IsMergeable(page, out _, out _) ? Borrow(page) : Pfn.None;
        ExitShared();
        return borrowed;
    }

    /// <summary>Makes a page read the same bytes from another frame, or its own frame a merged one. Under the mm lock.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page, in a mergeable VMA.</param>
    /// <param name="frame">Frame that it is supposed to map, none of a huge page's; the caller has a reference.</param>
    /// <param name="target">A merged frame that the caller has a reference to, the page's zero frame, or none: convert the page's own.</param>
    /// <returns>
    /// False when the page maps something else by now, is borrowed by somebody, is merged already, or differs from the
    /// target; it may have been write-protected, which its next write fault repairs.
    /// </returns>
    internal bool TryMerge(int cpu, ulong page, Pfn frame, Pfn target)
    {
        if (frame == target)
        {
            return true;
        }

        // A merged frame that is not the target has lost its node in a merge that failed half-way, or is about to get one.
        // It has no linear index by which its place in the VMA could be told, so nothing replaces it before it is copied.
        ref FrameRecord record = ref _store.Frames[frame];
        uint leaf = _pageTable.Find(page);
        if (leaf == 0 || !record.Has(FrameFlags.Anonymous) || record.Has(FrameFlags.Ksm))
        {
            return false;
        }

        // The latch is held from the check of the PTE to its replacement, so the PTE need not be remembered and compared.
        // Whoever walks over the frame's mappings must not find it merged half-way; as Linux, the scanner does not wait.
        if (!record.TryLock())
        {
            return false;
        }

        _pageTable.Enter(leaf);
        Pte pte = _pageTable.Get(leaf, PageTable.PositionOf(page));
        bool merged = record.Has(FrameFlags.Anonymous) && pte.IsCounted && pte.Frame == frame && TryWriteProtect(leaf, page, ref pte, ref record);
        if (merged)
        {
            _store.OracleSeesTrust(frame);
        }

        if (merged && !target.IsSome)
        {
            // Dirty, or reclaim would drop it instead of writing it to swap. Its node gets its id when it is inserted.
            record.Mapping = 0;
            record.Set(FrameFlags.Ksm | FrameFlags.Dirty);
        }
        else if (merged)
        {
            merged = _store.Frames.AreEqual(frame, target);
            if (merged)
            {
                Replace(cpu, leaf, page, pte, target);
            }
        }

        _pageTable.Exit(leaf);
        record.Unlock();
        return merged;
    }

    /// <summary>Gives a page a private copy if it is merged and its VMA mergeable still.</summary>
    internal MemoryStatus BreakMerged(int cpu, ulong page)
    {
        EnterShared();
        MemoryStatus status = IsMergeable(page, out _, out _) ? UnshareMerged(cpu, page, page + 1) : MemoryStatus.Done;
        ExitShared();
        return status;
    }

    /// <summary>Gives every merged page in mergeable VMAs a private copy. Under the mm lock.</summary>
    internal MemoryStatus BreakAllMerged(int cpu)
    {
        MemoryStatus status = MemoryStatus.Done;
        ulong page = 0;
        while (status == MemoryStatus.Done && !IsExiting && TryNextMergeable(ref page, out ulong end))
        {
            status = UnshareMerged(cpu, page, end);
            page = end;
        }

        return status;
    }

    // Afterwards nobody can write the frame through this PTE, nor through anything else. Under the leaf's latch.
    private bool TryWriteProtect(uint leaf, ulong page, ref Pte pte, ref FrameRecord frame)
    {
        if (!pte.IsWritable && !pte.IsDirty && !frame.Has(FrameFlags.Exclusive))
        {
            return true;
        }

        // First the translation dies, then the references are counted: a borrower that came by an old translation has
        // counted itself by now, and a later one finds no PTE.
        int position = PageTable.PositionOf(page);
        _pageTable.Set(leaf, position, default);
        Flush(FlushSite.WriteProtected, page, 1);
        OracleSeesCount(page);
        if (frame.References != frame.MapCount + 1)
        {
            _pageTable.Set(leaf, position, pte);
            _store.CountBorrowedPageMet();
            return false;
        }

        frame.Clear(FrameFlags.Exclusive);
        if (pte.IsDirty)
        {
            frame.Set(FrameFlags.Dirty);
        }

        pte = pte.WithWritable(false).WithDirty(false);
        _pageTable.Set(leaf, position, pte);
        return true;
    }

    private void Replace(int cpu, uint leaf, ulong page, Pte pte, Pfn target)
    {
        ref FrameRecord old = ref _store.Frames[pte.Frame];
        bool zero = _store.Frames[target].Has(FrameFlags.Zero);
        int position = PageTable.PositionOf(page);
        _pageTable.Set(leaf, position, default);
        Flush(FlushSite.Replaced, page, 1);
        if (zero)
        {
            // The dirty bit is what tells this PTE from one that a read fault has made.
            _pageTable.Set(leaf, position, Pte.MapZero(target, pte.IsAccessible).WithAccessed(true).WithDirty(true));
            CountResident(old, -1);
            CountMergerZeroPages(1);
        }
        else
        {
            ref FrameRecord shared = ref _store.Frames[target];
            Debug.Assert(shared.Has(FrameFlags.Anonymous | FrameFlags.Ksm), "Pages merge into merged frames only.");
            shared.AddReference();
            shared.AddMapping();
            if (!shared.Has(FrameFlags.SwapBacked))
            {
                // Its only owner has offered it, but nobody this page. Linux 6.18 forgets that: page-out empties both.
                shared.Set(FrameFlags.SwapBacked | FrameFlags.Dirty);
            }

            _pageTable.Set(leaf, position, Pte.Map(target, pte.IsAccessible).WithAccessed(true));
        }

        Unmapped(ref old, pte);
        _store.Frames.Release(cpu, pte.Frame);
    }
}
