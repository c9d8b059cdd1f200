using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Swapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>What reverse-map walks do to one page-table entry: aging, migration, page-out.</summary>
/// <remarks>
/// Called without the mm lock, under the range lock of the page's index, which keeps the VMA, and with the frame locked
/// by the walk. Whether the page maps the frame is known only under the latch of its leaf; each member looks for
/// itself. An entry whose frame is taken has a marker in its place until the flush has come. The marker keeps the leaf,
/// too: nothing that would free it passes a marker. Thread safety: members may be called concurrently with everything
/// that happens to the address space.
/// </remarks>
internal static class MappingActions
{
    /// <summary>Whether a page maps a frame at this moment.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame it may map.</param>
    internal static bool Maps(AddressSpace space, ulong page, Pfn frame)
    {
        bool maps = TryEnter(space, page, frame, out LeafEdit edit, out _);
        if (maps)
        {
            edit.Exit();
        }

        return maps;
    }

    /// <summary>Forgets that a page has been used.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame it may map.</param>
    /// <param name="wasUsed">Whether it had been.</param>
    internal static PteOutcome ClearAccessed(AddressSpace space, int cpu, ulong page, Pfn frame, out bool wasUsed)
    {
        wasUsed = false;
        if (!TryEnter(space, page, frame, out LeafEdit edit, out Pte pte))
        {
            return PteOutcome.NotMapped;
        }

        wasUsed = pte.IsAccessed;
        if (wasUsed && pte.IsHuge)
        {
            edit.TightenWhole(edit.Whole.WithAccessed(false));
        }
        else if (wasUsed)
        {
            edit.Tighten(PageTable.PositionOf(page), pte.WithAccessed(false));
        }

        edit.Exit();
        space.PayHuge(cpu, FlushSite.HugeReferenceChecked, edit.Debt);
        return PteOutcome.Done;
    }

    /// <summary>
    /// Puts a migration entry in the place of a page's mapping. The entry keeps every other thread from the page.
    /// </summary>
    /// <remarks>
    /// The flush is owed to the batch where another CPU may hold the translation, and made at once where none does, as
    /// on Linux. References are counted by the caller, behind the flush.
    /// </remarks>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame it may map; the caller has a reference to it.</param>
    /// <param name="batch">
    /// Flushes that the caller makes before it counts references or copies the content; null to make each at once.
    /// </param>
    internal static void BeginMigration(
        AddressSpace space, int cpu, ulong page, Pfn frame, FlushBatch? batch)
    {
        if (!TryEnter(space, page, frame, out LeafEdit edit, out Pte pte))
        {
            return;
        }

        int position = PageTable.PositionOf(page);
        if (pte.IsHuge)
        {
            BeginWhole(space, cpu, ref edit);
            return;
        }

        bool exclusive = space.Store.Frames[frame].Has(FrameFlags.Exclusive);
        bool mayBeHeld = edit.TakeBesideCalls(position, pte.Leaving(exclusive), space.Translations);
        PageZap.Unmapped(space, pte, keepsDirty: true);
        bool defers = batch?.ShouldDefer(cpu, space.Translations) == true;
        if (defers && mayBeHeld)
        {
            Defer(space, cpu, page, pte, batch!);
        }

        edit.Exit();
        HugeMapping.PaySplit(space, cpu, edit);
        if (!defers)
        {
            space.Pay(cpu, FlushSite.Migrated, edit.Debt);
        }

        space.Store.Frames.Release(cpu, frame);
    }

    // All 512 pages of a huge mapping at once, behind the one flush of its split, as Linux does (freeze). Gives the
    // latch back.
    private static void BeginWhole(AddressSpace space, int cpu, ref LeafEdit edit)
    {
        Pfn head = edit.Whole.Frame;
        HugeMapping.Split(space, ref edit);
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = edit.Get(i);
            bool exclusive = space.Store.Frames[pte.Frame].Has(FrameFlags.Exclusive);
            edit.Take(i, pte.Leaving(exclusive));
            PageZap.Unmapped(space, pte, keepsDirty: true);
        }

        edit.Exit();
        HugeMapping.PaySplit(space, cpu, edit);
        for (uint i = 0; i < PteLeaf.Length; i++)
        {
            space.Store.Frames.Release(cpu, new Pfn(head.Number + i));
        }
    }

    /// <summary>Puts the mapping of a frame in the place of a migration entry.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="page">The page.</param>
    /// <param name="from">The frame that the entry names.</param>
    /// <param name="to">The frame that is mapped from now on; may be the same.</param>
    internal static PteOutcome EndMigration(AddressSpace space, ulong page, Pfn from, Pfn to)
    {
        if (!TryEnterMigration(space, page, from, out LeafEdit edit, out Pte entry))
        {
            return PteOutcome.NotMapped;
        }

        MapAgain(space, edit, page, entry, to);
        edit.Exit();
        return PteOutcome.Done;
    }

    /// <summary>
    /// Puts the mapping of a frame that was one of a huge page's in the place of its migration entry.
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame that the entry names.</param>
    /// <param name="isZero">Whether the frame is zeroes and may go: then the page is mapped to the zero frame.</param>
    internal static PteOutcome EndDissolving(AddressSpace space, ulong page, Pfn frame, bool isZero)
    {
        if (!TryEnterMigration(space, page, frame, out LeafEdit edit, out Pte entry))
        {
            return PteOutcome.NotMapped;
        }

        if (isZero)
        {
            space.Counts.AddResident(space.Store.Frames[frame], -1);
            edit.Install(
                PageTable.PositionOf(page),
                Pte.MapZero(space.Store.Frames.ZeroFrameOf(page), entry.Arriving(frame).IsAccessible));
        }
        else
        {
            MapAgain(space, edit, page, entry, frame);
        }

        edit.Exit();
        return PteOutcome.Done;
    }

    /// <summary>Puts a swap entry in the place of a page's mapping.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">The page.</param>
    /// <param name="frame">The frame it may map.</param>
    /// <param name="slot">The slot; 0 to drop the page, whose content nothing needs.</param>
    /// <param name="held">References to the frame that the caller has.</param>
    /// <param name="fills">
    /// Whether the slot has no content yet, so that it has to get it before the entry shows.
    /// </param>
    /// <param name="batch">Makes the flush where another CPU may hold the translation; owes nothing afterwards.</param>
    internal static PteOutcome SwapOut(
        AddressSpace space, int cpu, ulong page, Pfn frame, uint slot, int held, bool fills, FlushBatch batch)
    {
        if (!TryEnter(space, page, frame, out LeafEdit edit, out Pte pte))
        {
            return PteOutcome.NotMapped;
        }

        AddressSpaceStore store = space.Store;
        ref FrameRecord record = ref store.Frames[frame];
        if (slot == 0 && (pte.IsDirty || record.Has(FrameFlags.Dirty)))
        {
            // Written since it was offered, or merged with a page that was not: the offer is taken back.
            edit.Exit();
            return PteOutcome.Refused;
        }

        if (!TryTake(space, cpu, ref edit, page, pte, held, batch, out bool exclusive))
        {
            return PteOutcome.Refused;
        }

        if (fills && slot != 0)
        {
            store.OracleSeesTrust(frame);
            store.Frames.Content(frame).CopyTo(store.Swap.Content(slot));
        }

        Pte entry = default;
        if (slot != 0)
        {
            store.Swap.AddReference(slot);
            space.Counts.AddSwapped(1);
            entry = Pte.Swap(new SwapEntry(0, slot), exclusive);
        }

        space.Counts.AddResident(record, -1);
        edit.Reenter();
        edit.Replace(PageTable.PositionOf(page), entry);
        PageZap.Unmapped(space, pte, keepsDirty: true);
        edit.Exit();
        store.Frames.Release(cpu, frame);
        return PteOutcome.Done;
    }

    // Puts a marker in the entry's place, and gives the latch back. First the translation dies, then the references are
    // counted: a borrower that came by the old translation has counted itself by now, and a later one finds no entry. A
    // page that is one entry's alone may be written through a loan, so one that is lent stays, and its entry comes
    // back; of a shared one a borrower sees what it was, and everything else a copy.
    private static bool TryTake(
        AddressSpace space, int cpu, ref LeafEdit edit, ulong page, Pte pte, int held, FlushBatch batch,
        out bool exclusive)
    {
        int position = PageTable.PositionOf(page);
        PhysicalMemory frames = space.Store.Frames;
        ref FrameRecord record = ref frames[pte.Frame];
        exclusive = record.Has(FrameFlags.Exclusive);
        bool mayBeHeld = edit.TakeBesideCalls(position, Pte.Busy(pte.Frame), space.Translations);

        // Linux owes the flush to a batch, and makes it before the page is written out: one operation either way, of
        // another kind.
        bool defers = batch.ShouldDefer(cpu, space.Translations);
        if (defers && mayBeHeld)
        {
            Defer(space, cpu, page, pte, batch);
        }

        edit.Exit();
        HugeMapping.PaySplit(space, cpu, edit);
        bool early = space.Store.Flushes.Bug == PlantedBug.PinsSeenBeforeFlush;
        bool alone = early && space.HasNoBorrower(page, in record, held);
        if (defers)
        {
            batch.Flush(cpu);
        }
        else
        {
            space.Pay(cpu, FlushSite.Taken, edit.Debt);
        }

        alone = early ? alone : space.HasNoBorrower(page, in record, held);
        if (exclusive && !alone)
        {
            edit.Reenter();
            edit.Install(position, pte);
            edit.Exit();
            return false;
        }

        return true;
    }

    private static void Defer(AddressSpace space, int cpu, ulong page, Pte pte, FlushBatch batch)
    {
        batch.Add(cpu, space.Translations, pte.IsDirty, page);
        if (OracleSwitch.IsOn && !pte.IsAccessible)
        {
            space.Store.Oracle?.OwedToo(space.Id, page);
        }
    }

    private static void MapAgain(AddressSpace space, in LeafEdit edit, ulong page, Pte entry, Pfn frame)
    {
        space.Store.Frames.AddMapping(frame, space.Id);
        if (entry.WasExclusive)
        {
            space.Store.Frames[frame].Set(FrameFlags.Exclusive);
        }

        edit.Install(PageTable.PositionOf(page), entry.Arriving(frame));
    }

    private static bool TryEnterMigration(AddressSpace space, ulong page, Pfn frame, out LeafEdit edit, out Pte entry)
    {
        entry = default;
        if (!LeafEdit.TryEnter(space.Table, page, out edit))
        {
            return false;
        }

        entry = edit.Get(PageTable.PositionOf(page));
        if (entry.IsMigration && entry.Frame == frame)
        {
            return true;
        }

        edit.Exit();
        return false;
    }

    // A marker in the place of the frame's mapping is waited for: the mapping may come back.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryEnter(AddressSpace space, ulong page, Pfn frame, out LeafEdit edit, out Pte pte)
    {
        pte = default;
        SpinWait spinner = default;
        while (LeafEdit.TryEnter(space.Table, page, out edit))
        {
            pte = edit.Get(PageTable.PositionOf(page));
            if (pte.IsCounted && pte.Frame == frame)
            {
                return true;
            }

            edit.Exit();
            if (!pte.IsBusy || pte.Frame != frame)
            {
                return false;
            }

            spinner.SpinOnce();
        }

        return false;
    }
}
