using System;
using System.Runtime.InteropServices;
using FastKsm.Memory;
using FastKsm.Simd;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>Taking a huge page apart: 512 frames that stand for themselves.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Takes apart the huge page that a frame belongs to. Under the mm lock.</summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">A page that maps the frame.</param>
    /// <param name="frame">The frame; the caller has a reference to it, which stays his.</param>
    /// <param name="zeroes">Pages of zeroes that have lost their frame by it.</param>
    /// <param name="shared">
    /// Whether it is mapped elsewhere too, so that it takes a <see cref="FrameDissolver"/>.
    /// </param>
    /// <returns>
    /// False when anybody else has a reference to any of the 512, but for PTEs; nothing has changed then.
    /// </returns>
    internal bool TryDissolve(int cpu, ulong page, Pfn frame, out int zeroes, out bool shared)
    {
        (zeroes, shared) = (0, false);
        uint leaf = _pageTable.Find(page);
        if (leaf == 0)
        {
            return false;
        }

        _pageTable.Enter(leaf);
        bool dissolved = TryDissolveHeld(cpu, page, leaf, frame, ref zeroes, out shared);
        _pageTable.Exit(leaf);
        return dissolved;
    }

    private bool TryDissolveHeld(int cpu, ulong page, uint leaf, Pfn frame, ref int zeroes, out bool shared)
    {
        shared = false;
        if (!_store.Frames[frame].Has(FrameFlags.Huge))
        {
            return true;
        }

        HugeFrame huge = _store.Frames.HugeFrameOf(frame);
        bool whole = _pageTable.KindOf(leaf) == LeafKind.Huge;
        bool here = whole
            ? huge is { WholeMappings: 1, SingleMappings: 0 } && _pageTable.GetWhole(leaf).Frame == PhysicalMemory.HeadOf(frame)
            : huge.WholeMappings == 0 && huge.SingleMappings == CountParts(leaf, frame);
        if (!here)
        {
            shared = true;
            return false;
        }

        // All mappings are in this leaf, whose latch keeps borrowers out, but for those who come by a frame's number: they may
        // come between the two looks, and the mapping has been split in vain then.
        bool alone = huge.OtherReferences == 1;
        if (alone && whole)
        {
            SplitHuge(leaf);
        }

        if (!alone || !huge.TryFreeze())
        {
            _store.CountBorrowedPageMet();
            return false;
        }

        _store.Frames.Dissolve(cpu, frame);
        DropZeroes(cpu, leaf, FirstOfBlock(page), PhysicalMemory.HeadOf(frame), ref zeroes);
        return true;
    }

    // Pages of zeroes need no frame of their own, now that they can do without; locked ones keep what they have. Whether it
    // is zeroes is known for good only when no CPU can write the page any more: they are looked at again behind the flush.
    private void DropZeroes(int cpu, uint leaf, ulong firstPage, Pfn head, ref int zeroes)
    {
        if (!_store.ZeroFrames.ForSplits)
        {
            return;
        }

        Span<Pte> taken = stackalloc Pte[PteLeaf.Length];
        taken.Clear();
        bool any = false;
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = _pageTable.Get(leaf, i);
            if (pte.IsCounted && PhysicalMemory.HeadOf(pte.Frame) == head && IsZero(pte.Frame)
                && !VmaAt(FindContaining(firstPage + (uint)i)).Has(VmaFlags.Locked))
            {
                taken[i] = pte;
                any = true;
                _pageTable.Set(leaf, i, default);
            }
        }

        if (!any)
        {
            return;
        }

        Flush(FlushSite.ZeroesDropped, firstPage, PteLeaf.Length);
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = taken[i];
            if (pte.IsEmpty)
            {
                continue;
            }

            if (!IsZeroForGood(pte.Frame))
            {
                _pageTable.Set(leaf, i, pte);
                continue;
            }

            zeroes++;
            ref FrameRecord record = ref _store.Frames[pte.Frame];
            _pageTable.Set(leaf, i, Pte.MapZero(_store.Frames.ZeroFrameOf(firstPage + (uint)i), pte.IsAccessible));
            CountResident(record, -1);
            Unmapped(ref record, pte);
            _store.Frames.Release(cpu, pte.Frame);
        }
    }

    // The same for a frame that no CPU can write.
    private bool IsZeroForGood(Pfn frame)
    {
        _store.OracleSeesTrust(frame);
        return IsZero(frame);
    }

    private bool IsZero(Pfn frame) => PageZero.IsZero(
        in MemoryMarshal.GetReference(_store.Frames.Content(frame)), (nuint)_store.Frames.ContentSize);
}
