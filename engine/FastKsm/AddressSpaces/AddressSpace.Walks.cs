using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Swapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>What reverse-map walks do here: aging, migration, page-out.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <inheritdoc/>
    internal override void Prefetch(ulong page) => _pageTable.Prefetch(page);

    /// <inheritdoc/>
    internal override bool Maps(ulong page, Pfn frame)
    {
        bool maps = TryEnterMapping(page, frame, out uint leaf, out _);
        if (maps)
        {
            _pageTable.Exit(leaf);
        }

        return maps;
    }

    /// <inheritdoc/>
    internal override PteOutcome ClearAccessed(ulong page, Pfn frame, out bool wasUsed)
    {
        wasUsed = false;
        if (!TryEnterMapping(page, frame, out uint leaf, out Pte pte))
        {
            return PteOutcome.NotMapped;
        }

        wasUsed = pte.IsAccessed;
        if (wasUsed)
        {
            MarkUsed(leaf, PageTable.PositionOf(page), pte.WithAccessed(false));
            if (pte.IsHuge)
            {
                Flush(FlushSite.HugeReferenceChecked, FirstOfBlock(page), PteLeaf.Length);
            }
        }

        _pageTable.Exit(leaf);
        return PteOutcome.Done;
    }

    /// <inheritdoc/>
    internal override PteOutcome BeginMigration(int cpu, ulong page, Pfn frame, int held)
    {
        if (!TryEnterMapping(page, frame, out uint leaf, out Pte pte))
        {
            return PteOutcome.NotMapped;
        }

        if (pte.IsHuge)
        {
            SplitHuge(leaf);
            pte = _pageTable.Get(leaf, PageTable.PositionOf(page));
        }

        PteOutcome outcome = TryKill(leaf, page, pte, held, out bool exclusive);
        if (outcome == PteOutcome.Done)
        {
            _pageTable.Set(leaf, PageTable.PositionOf(page), pte.Leaving(exclusive));
            Unmapped(ref _store.Frames[frame], pte);
        }

        _pageTable.Exit(leaf);
        if (outcome == PteOutcome.Done)
        {
            _store.Frames.Release(cpu, frame);
        }

        return outcome;
    }

    /// <inheritdoc/>
    internal override PteOutcome EndMigration(ulong page, Pfn from, Pfn to)
    {
        if (!_pageTable.TryEnter(page, out uint leaf))
        {
            return PteOutcome.NotMapped;
        }

        int position = PageTable.PositionOf(page);
        Pte entry = _pageTable.Get(leaf, position);
        bool waits = entry.IsMigration && entry.Frame == from;
        if (waits)
        {
            MapAgain(leaf, position, entry, to);
        }

        _pageTable.Exit(leaf);
        return waits ? PteOutcome.Done : PteOutcome.NotMapped;
    }

    /// <inheritdoc/>
    internal override PteOutcome EndDissolving(ulong page, Pfn frame, bool mayDrop, ref int zeroes)
    {
        if (!_pageTable.TryEnter(page, out uint leaf))
        {
            return PteOutcome.NotMapped;
        }

        int position = PageTable.PositionOf(page);
        Pte entry = _pageTable.Get(leaf, position);
        bool waits = entry.IsMigration && entry.Frame == frame;
        if (waits && mayDrop && IsZeroForGood(frame))
        {
            zeroes++;
            CountResident(_store.Frames[frame], -1);
            _pageTable.Set(leaf, position, Pte.MapZero(_store.Frames.ZeroFrameOf(page), entry.Arriving(frame).IsAccessible));
        }
        else if (waits)
        {
            MapAgain(leaf, position, entry, frame);
        }

        _pageTable.Exit(leaf);
        return waits ? PteOutcome.Done : PteOutcome.NotMapped;
    }

    /// <inheritdoc/>
    internal override PteOutcome SwapOut(int cpu, ulong page, Pfn frame, uint slot, int held, bool fills)
    {
        if (!TryEnterMapping(page, frame, out uint leaf, out Pte pte))
        {
            return PteOutcome.NotMapped;
        }

        ref FrameRecord record = ref _store.Frames[frame];
        PteOutcome outcome = slot == 0 && (pte.IsDirty || record.Has(FrameFlags.Dirty))
            ? PteOutcome.Refused // Written since it was offered, or merged with a page that was not: the offer is taken back.
            : TryKill(leaf, page, pte, held, out _);
        if (outcome == PteOutcome.Done)
        {
            CountResident(record, -1);
            if (slot != 0)
            {
                if (fills)
                {
                    _store.OracleSeesTrust(frame);
                    _store.Frames.Content(frame).CopyTo(_store.Swap.Content(slot));
                }

                _store.Swap.AddReference(slot);
                _ = Interlocked.Increment(ref _swapEntries);
                _pageTable.Set(leaf, PageTable.PositionOf(page), Pte.Swap(new SwapEntry(0, slot), record.Has(FrameFlags.Exclusive)));
            }

            Unmapped(ref record, pte);
        }

        _pageTable.Exit(leaf);
        if (outcome == PteOutcome.Done)
        {
            _store.Frames.Release(cpu, frame);
        }

        return outcome;
    }

    /// <summary>Borrows the anonymous frame of a page; the borrower releases it.</summary>
    /// <returns>None when the page maps no such frame.</returns>
    internal Pfn BorrowAnonymous(ulong page)
    {
        EnterShared();
        Pfn borrowed = Borrow(page);
        ExitShared();
        return borrowed;
    }

    // Under the mm lock.
    private Pfn Borrow(ulong page)
    {
        Pfn borrowed = Pfn.None;
        uint leaf = _pageTable.Find(page);
        if (leaf != 0)
        {
            _pageTable.Enter(leaf);
            Pte pte = _pageTable.Get(leaf, PageTable.PositionOf(page));
            if (pte.IsCounted && _store.Frames[pte.Frame].Has(FrameFlags.Anonymous))
            {
                borrowed = pte.Frame;
                _store.Frames.HolderOf(borrowed).AddReference();
            }

            _pageTable.Exit(leaf);
        }

        return borrowed;
    }

    private void MapAgain(uint leaf, int position, Pte entry, Pfn frame)
    {
        _store.Frames.AddMapping(frame, Id);
        if (entry.WasExclusive)
        {
            _store.Frames[frame].Set(FrameFlags.Exclusive);
        }

        _pageTable.Set(leaf, position, entry.Arriving(frame));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryEnterMapping(ulong page, Pfn frame, out uint leaf, out Pte pte)
    {
        pte = default;
        if (!_pageTable.TryEnter(page, out leaf))
        {
            return false;
        }

        pte = _pageTable.Get(leaf, PageTable.PositionOf(page));
        if (pte.IsCounted && pte.Frame == frame)
        {
            return true;
        }

        _pageTable.Exit(leaf);
        return false;
    }

    // Empties the PTE. First the translation dies, then the references are counted: whoever borrowed by the old translation
    // has counted himself by now, and a later one finds no PTE. A page that is one PTE's alone may be written through a
    // loan, so one that is lent stays; of a shared one a borrower sees what it was, and everybody else a copy.
    private PteOutcome TryKill(uint leaf, ulong page, Pte pte, int held, out bool exclusive)
    {
        int position = PageTable.PositionOf(page);
        ref FrameRecord record = ref _store.Frames[pte.Frame];
        exclusive = record.Has(FrameFlags.Exclusive);
        _pageTable.Set(leaf, position, default);
        Flush(FlushSite.Taken, page, 1);
        OracleSeesCount(page);
        int others = record.Has(FrameFlags.Huge) ? _store.Frames.HugeFrameOf(pte.Frame).OtherReferences : record.References - record.MapCount;
        if (exclusive && others != held)
        {
            _pageTable.Set(leaf, position, pte);
            return PteOutcome.Refused;
        }

        return PteOutcome.Done;
    }
}
