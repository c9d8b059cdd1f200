using System.Diagnostics;
using FastKsm.Memory;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>
/// Takes the right to write from pages that will probably merge, many behind one flush, and gives it back to those that
/// did not.
/// </summary>
/// <remarks>
/// Nothing else of an entry or its frame changes, for a merge decides by the rest: a clean entry of a frame that is not
/// exclusive is taken for one whose borrowers need not be counted. An entry that may be written maps an exclusive
/// frame, so without that right it is counted as before, and the merge finds what it would have found. The entry looks
/// like one after mprotect: a write fault, fork, page-out and migration know what to do with it. Under the mm lock and
/// the leaf's latch.
/// </remarks>
internal static class PageAhead
{
    /// <summary>Takes the right to write from an entry; the batch owes the flush.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="edit">The leaf, which is no huge mapping.</param>
    /// <param name="number">The page's number.</param>
    /// <param name="page">The page; receives its frame, none if nothing has been done.</param>
    /// <param name="batch">Makes the flush.</param>
    /// <returns>What batches owe the address space by now; 0 if nothing has been done.</returns>
    internal static int Protect(
        AddressSpace space, int cpu, in LeafEdit edit, ulong number, ref AheadPage page, FlushBatch batch)
    {
        int position = PageTable.PositionOf(number);
        Pte pte = edit.Get(position);
        Pfn met = page.Frame;
        page.Frame = Pfn.None;
        if (!pte.IsCounted || !pte.IsWritable || !pte.IsAccessible || (met.IsSome && met != pte.Frame))
        {
            return 0;
        }

        // Borrowed as far as can be told now: the merge will give up, behind a flush of its own (T45). A pin that is
        // taken later than this counts itself before the merge counts, both under this latch: an entry is lent under
        // it.
        ref FrameRecord frame = ref space.Store.Frames[pte.Frame];
        if (!frame.Has(FrameFlags.Anonymous) || frame.References != frame.MapCount)
        {
            return 0;
        }

        // From here to the flush a CPU may still store through an old translation. The store is the page's own: it
        // lands in the frame that the page maps, and nothing has read the content for a decision yet. An operation that
        // takes the frame away meanwhile (copy, munmap, exit, page-out, migration, mremap) flushes for that. mprotect
        // and MADV_FREE could find that the entry permits nothing that has to go; they enter by
        // AddressSpace.EnterChecked, see the word that Add writes under this latch, and flush first (R6). fork flushes
        // whatever it finds.
        Debug.Assert(frame.Has(FrameFlags.Exclusive), "A page that may be written has its frame to itself.");
        edit.TightenInBatch(position, pte.WithWritable(false), batch.Site);
        page.Frame = pte.Frame;
        return batch.Add(cpu, space.Translations, pte.IsDirty, number);
    }

    /// <summary>
    /// Gives the right to write back to a page that has not merged and still has its frame to itself.
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="edit">The leaf, which is no huge mapping.</param>
    /// <param name="number">The page's number.</param>
    /// <param name="taken">The frame that it had when it lost the right.</param>
    /// <returns>Whether there is such a page, so that it was protected in vain.</returns>
    internal static bool GiveBack(AddressSpace space, in LeafEdit edit, ulong number, Pfn taken)
    {
        int position = PageTable.PositionOf(number);
        Pte pte = edit.Get(position);
        if (!pte.IsCounted || pte.Frame != taken || !space.Store.Frames[taken].Has(FrameFlags.Anonymous | FrameFlags.Exclusive))
        {
            return false;
        }

        // Whatever has happened to page, frame and mapping in between: to a page that has its frame alone, mprotect
        // would give the same. An exclusive frame has no other mapping, and gets none but under this latch. A write may
        // have got the right back by a fault.
        uint vma = space.Vmas.Containing(number);
        if (!pte.IsWritable && vma != 0 && space.Vmas[vma].Has(VmaFlags.Write))
        {
            edit.Loosen(position, pte.WithWritable(true));
        }

        return true;
    }
}
