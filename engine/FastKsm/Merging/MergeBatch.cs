using System;
using FastKsm.AddressSpaces;
using FastKsm.Tlb;

namespace FastKsm.Merging;

/// <summary>
/// Merging with two flushes for many pages: write-protects what will probably merge, and keeps the frames that are
/// given up.
/// </summary>
/// <remarks>
/// It decides nothing. The scanner goes its way as ever; where a merge meets a page that no CPU can write, protecting
/// it costs no flush, and the frame that it gives up waits in <see cref="Replaced"/>. A page that was not foreseen, for
/// want of memory or because it has been written meanwhile, is protected by itself. A page that is not merged by the
/// end of the batch gets back what it had (<see cref="PageAhead"/>), so that later batches, and borrowers between them,
/// find no trace. A checksum is taken for the forecast and once more at the visit: until the flush the page may be
/// written, so the first is a hint. Thread safety: under the ksm mutex.
/// </remarks>
internal sealed class MergeBatch : IDisposable
{
    /// <summary>
    /// Pages behind one pair of flushes at most: as many frames wait for the second, and nothing else has them
    /// meanwhile.
    /// </summary>
    internal const int MostPages = 1 << 16;

    private readonly int _cpu;
    private readonly RmapItemTable _items;
    private readonly MergeStatistics _statistics;
    private readonly MergeForecast _forecast;
    private readonly FlushBatch _protected;

    // The budget at which the next pair of flushes begins.
    private long _next = long.MaxValue;

    /// <param name="parts">What merging works on.</param>
    /// <param name="store">Tables of the machine.</param>
    /// <param name="slots">The registered address spaces.</param>
    /// <param name="index">Where contents will be looked for.</param>
    /// <param name="skipsStable">Whether smart scan skips pages that count as merged still.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses address space.</exception>
    internal MergeBatch(MergeParts parts, AddressSpaceStore store, MmSlotList slots, IMergeIndex index, bool skipsStable)
    {
        _cpu = parts.Cpu;
        _items = parts.Items;
        _statistics = parts.Counters.Statistics;
        _forecast = new MergeForecast(parts, slots, index, skipsStable, MostPages);
        _protected = new FlushBatch(store.Flushes, kernelThread: true, FlushSite.ProtectedAhead);
        Replaced = new ReplacedFrames(store, MostPages);
    }

    /// <summary>Frames that have been given up.</summary>
    internal ReplacedFrames Replaced { get; }

    /// <summary>The scan is about to fetch its next page. With no lock but the mutex.</summary>
    /// <param name="slot">Slot under the cursor; null between two scans.</param>
    /// <param name="address">The page at which it goes on there.</param>
    /// <param name="budget">Pages that the scan may visit still.</param>
    internal void Reach(MmSlot? slot, ulong address, long budget)
    {
        if (budget > _next)
        {
            return;
        }

        End();
        long pages = long.Min(budget, MostPages);
        _next = budget - pages;
        _forecast.Make(slot, address, pages);
        Protect();
    }

    /// <summary>The second flush, after which the frames are let go. With no lock but the mutex.</summary>
    internal void End()
    {
        Replaced.Flush(_cpu);
        for (int i = 0; _forecast.TryNextLeaf(ref i, out Span<AheadPage> pages);)
        {
            // Items may have been freed since, and others made of them. No more than the way to the page is lost by
            // that: whether a page is one that lost its right to write is asked of its entry.
            if (_items.ListOf(pages[0].Item) is MmSlot slot && TryEnter(slot.Space, pages, out LeafEdit edit))
            {
                GiveBack(slot.Space, edit, pages);
                Exit(slot.Space, edit);
            }
        }

        _forecast.Forget();
        _next = long.MaxValue;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Replaced.Dispose();
        _forecast.Dispose();
    }

    // The first flush.
    private void Protect()
    {
        for (int i = 0; _forecast.TryNextLeaf(ref i, out Span<AheadPage> pages);)
        {
            AddressSpace space = SpaceOf(pages);
            if (TryEnter(space, pages, out LeafEdit edit))
            {
                Protect(space, edit, pages);
                Exit(space, edit);
            }
            else
            {
                Forget(pages);
            }
        }

        // Whatever is read from here on may decide something: no CPU can store through what it held of a protected
        // entry.
        _protected.Flush(_cpu);

        // What all batches owed the address spaces has been flushed, too: no other thread need do it again.
        for (int i = 0; _forecast.TryNextLeaf(ref i, out Span<AheadPage> pages);)
        {
            if (pages[0].Checksum != 0)
            {
                SpaceOf(pages).Translations.MarkFlushed((int)pages[0].Checksum);
            }
        }
    }

    private void Protect(AddressSpace space, in LeafEdit edit, Span<AheadPage> pages)
    {
        int owed = 0;
        foreach (ref AheadPage page in pages)
        {
            int seen = PageAhead.Protect(space, _cpu, edit, _items.PageOf(page.Item), ref page, _protected);
            owed = seen == 0 ? owed : seen;
        }

        pages[0].Checksum = (uint)owed;
    }

    private static void Forget(Span<AheadPage> pages)
    {
        foreach (ref AheadPage page in pages)
        {
            page.Frame = Pfn.None;
        }

        pages[0].Checksum = 0;
    }

    private void GiveBack(AddressSpace space, in LeafEdit edit, Span<AheadPage> pages)
    {
        foreach (ref AheadPage page in pages)
        {
            if (page.Frame.IsSome && PageAhead.GiveBack(space, edit, _items.PageOf(page.Item), page.Frame))
            {
                _statistics.PagesProtectedInVain++;
            }
        }
    }

    // The mm lock and the leaf's latch; false with neither, when there is no table of pages.
    private bool TryEnter(AddressSpace space, Span<AheadPage> pages, out LeafEdit edit)
    {
        ulong page = _items.PageOf(pages[0].Item);
        space.EnterShared();
        uint leaf = space.IsExiting ? 0 : space.Table.Find(page);
        edit = default;
        if (leaf != 0)
        {
            edit = new LeafEdit(space.Table, leaf, page);
            if (edit.Kind == LeafKind.Table)
            {
                return true;
            }

            edit.Exit();
        }

        space.ExitShared();
        return false;
    }

    private static void Exit(AddressSpace space, in LeafEdit edit)
    {
        edit.Exit();
        space.ExitShared();
    }

    // The scanner frees no items between the forecast and the first flush, and a slot with items is a registered one.
    private AddressSpace SpaceOf(Span<AheadPage> pages) => ((MmSlot)_items.ListOf(pages[0].Item)).Space;
}
