using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Write-protects pages ahead of their merging, many behind one flush.</summary>
/// <remarks>
/// Nothing is decided here: behind the flush an entry is read-only and clean and its frame not exclusive, which is what a merge asks
/// for when it protects a page itself, and then needs no flush. A page that looks different, or is borrowed, is left to the merge.
/// Under the mm lock and the leaf's latch.
/// </remarks>
internal static class PageAhead
{
    /// <summary>Makes an entry read-only and clean; the batch owes the flush.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="edit">The leaf, which is no huge mapping.</param>
    /// <param name="number">The page's number.</param>
    /// <param name="page">The page; receives its frame and what has been done.</param>
    /// <param name="batch">What is owed.</param>
    /// <returns>Whether a flush is owed for it.</returns>
    internal static bool TryProtect(
        AddressSpace space, int cpu, in LeafEdit edit, ulong number, ref AheadPage page, FlushBatch batch)
    {
        int position = PageTable.PositionOf(number);
        Pte pte = edit.Get(position);
        if (!pte.IsCounted || (page.Frame.IsSome && page.Frame != pte.Frame))
        {
            return false;
        }

        // Borrowed as far as can be told now: the merge would give up.
        ref FrameRecord frame = ref space.Store.Frames[pte.Frame];
        if (!IsCandidate(frame) || frame.References != frame.MapCount)
        {
            return false;
        }

        page.Frame = pte.Frame;
        page.State = AheadState.Waits;
        if (!pte.IsWritable && !pte.IsDirty)
        {
            return false;
        }

        if (pte.IsDirty)
        {
            frame.Set(FrameFlags.Dirty);
            page.State |= AheadState.WasDirty;
        }

        page.State |= AheadState.Protected;
        if (!edit.TightenInBatch(position, pte.WithWritable(false).WithDirty(false), batch.Site))
        {
            return false;
        }

        batch.Add(cpu, space.Translations, pte.IsDirty, number);
        return true;
    }

    /// <summary>Behind the flush: the frame is not exclusive any more, unless anything has come in between.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="edit">The leaf, which is no huge mapping.</param>
    /// <param name="number">The page's number.</param>
    /// <param name="page">The page.</param>
    internal static void Settle(AddressSpace space, in LeafEdit edit, ulong number, ref AheadPage page)
    {
        int position = PageTable.PositionOf(number);
        Pte pte = edit.Get(position);
        ref FrameRecord frame = ref space.Store.Frames[page.Frame];
        if ((page.State & AheadState.Waits) == AheadState.None || !pte.IsCounted || pte.Frame != page.Frame || pte.IsWritable
            || pte.IsDirty || !IsCandidate(frame))
        {
            return;
        }

        // While a gather is under way CPUs may still do more than its entries say.
        bool flushed = space.Translations.FlushPending == 0;
        if (flushed)
        {
            // A borrower that came by an old translation has counted itself by now, and one that comes by the entry needs the latch.
            space.OracleSeesCount(number);
            if (frame.References == frame.MapCount)
            {
                page.State |= frame.Has(FrameFlags.Exclusive) ? AheadState.WasExclusive : AheadState.None;
                frame.Clear(FrameFlags.Exclusive);
                return;
            }
        }

        // A merge would take a clean entry of a frame that is not exclusive for one whose borrowers need not be counted. Dirty
        // again, it goes the long way, as it would have.
        if ((page.State & AheadState.WasDirty) != AheadState.None)
        {
            edit.Loosen(position, pte.WithDirty(true));
        }
    }

    /// <summary>
    /// The page has not merged. A borrower may come before it is met again, and a merge must count it as if nothing had been done.
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="edit">The leaf, which is no huge mapping.</param>
    /// <param name="number">The page's number.</param>
    /// <param name="page">The page.</param>
    internal static void Undo(AddressSpace space, in LeafEdit edit, ulong number, in AheadPage page)
    {
        int position = PageTable.PositionOf(number);
        Pte pte = edit.Get(position);
        ref FrameRecord frame = ref space.Store.Frames[page.Frame];
        if (!pte.IsCounted || pte.Frame != page.Frame || pte.IsWritable || pte.IsDirty || !IsCandidate(frame))
        {
            return;
        }

        if ((page.State & AheadState.WasDirty) != AheadState.None)
        {
            edit.Loosen(position, pte.WithDirty(true));
        }
        else if ((page.State & AheadState.WasExclusive) != AheadState.None)
        {
            // Exclusive again if it is still this entry's alone; else dirty, which costs no more than a write to swap.
            if (frame.References == 1)
            {
                frame.Set(FrameFlags.Exclusive);
            }
            else
            {
                edit.Loosen(position, pte.WithDirty(true));
            }
        }
    }

    private static bool IsCandidate(in FrameRecord frame) =>
        frame.Has(FrameFlags.Anonymous) && (frame.Flags & (FrameFlags.Ksm | FrameFlags.Huge)) == FrameFlags.None;
}
