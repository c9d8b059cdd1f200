using System;
using System.Runtime.InteropServices;
using FastKsm.Memory;
using FastKsm.Simd;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Taking a huge page apart that one leaf maps: 512 frames that stand for themselves.</summary>
/// <remarks>Where several leaves map it, it takes a <see cref="FrameDissolver"/>.</remarks>
internal static class HugeDissolving
{
    /// <summary>Takes apart the huge page that a frame belongs to. Under the mm lock.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="page">A page that maps the frame.</param>
    /// <param name="frame">The frame; the caller has a reference to it, and keeps it.</param>
    /// <param name="zeroes">Pages of zeroes that have lost their frame by it.</param>
    /// <param name="shared">
    /// Whether it is mapped elsewhere too, so that it takes a <see cref="FrameDissolver"/>.
    /// </param>
    /// <returns>
    /// False when another thread has a reference to any of the 512, but for PTEs; nothing has changed then.
    /// </returns>
    internal static bool TryDissolve(AddressSpace space, int cpu, ulong page, Pfn frame, out int zeroes, out bool shared)
    {
        (zeroes, shared) = (0, false);
        uint leaf = space.Table.Find(page);
        if (leaf == 0)
        {
            return false;
        }

        LeafEdit edit = new(space.Table, leaf, page);
        bool dissolved = TryDissolve(space, cpu, ref edit, page, frame, ref zeroes, out shared);
        edit.Exit();
        HugeMapping.PaySplit(space, cpu, edit);
        return dissolved;
    }

    /// <summary>The same under the latch, which is given back for the time of a flush.</summary>
    internal static bool TryDissolve(
        AddressSpace space, int cpu, ref LeafEdit edit, ulong page, Pfn frame, ref int zeroes, out bool shared)
    {
        shared = false;
        if (!space.Store.Frames[frame].Has(FrameFlags.Huge))
        {
            return true;
        }

        _ = edit.GetSettled(PageTable.PositionOf(page));
        HugeFrame huge = space.Store.Frames.HugeFrameOf(frame);
        bool whole = edit.Kind == LeafKind.Huge;
        int parts = whole ? 0 : CountParts(edit, frame);
        Span<Pte> taken = stackalloc Pte[PteLeaf.Length];
        bool here = whole
            ? huge is { WholeMappings: 1, SingleMappings: 0 } && edit.Whole.Frame == PhysicalMemory.HeadOf(frame)
            : huge.WholeMappings == 0 && huge.SingleMappings == parts;
        if (!here)
        {
            shared = true;
            return false;
        }

        // All mappings are in this leaf, whose latch keeps borrowers out, but for those who come by a frame's number:
        // they may come between the two looks, and the mapping has been split in vain then.
        bool alone = huge.OtherReferences == 1;
        if (alone && whole)
        {
            HugeMapping.Split(space, ref edit);
        }

        if (!alone || !huge.TryFreeze())
        {
            space.Store.CountBorrowedPageMet();
            return false;
        }

        Pfn head = PhysicalMemory.HeadOf(frame);
        space.Store.Frames.Dissolve(cpu, frame);
        bool any = TakeZeroes(space, ref edit, head, taken, out FlushDebt zeroed);
        if (whole)
        {
            PayWhole(space, cpu, ref edit, zeroed);
        }
        else
        {
            PayParts(space, cpu, ref edit, head, taken);
        }

        if (any)
        {
            MapZeroes(space, cpu, ref edit, taken, ref zeroes);
        }

        return true;
    }

    /// <summary>Whether a frame that no CPU can write holds nothing but zeroes.</summary>
    internal static bool IsZeroForGood(AddressSpaceStore store, Pfn frame)
    {
        store.OracleSeesTrust(frame);
        return IsZero(store.Frames, frame);
    }

    // Entries of a leaf that map frames of a huge page, all counted under one hold of its latch.
    private static int CountParts(in LeafEdit edit, Pfn frame)
    {
        Pfn head = PhysicalMemory.HeadOf(frame);
        int parts = 0;
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = edit.Get(i);
            if (pte.IsBusy)
            {
                // The latch is given back for as long as the marker stands: what was counted so far may be wrong by
                // then.
                _ = edit.GetSettled(i);
                (parts, i) = (0, -1);
                continue;
            }

            parts += pte.IsCounted && PhysicalMemory.HeadOf(pte.Frame) == head ? 1 : 0;
        }

        return parts;
    }

    // Pages of zeroes need no frame of their own, now that they can do without; locked ones keep what they have.
    // Whether it is zeroes is known for good only when no CPU can write the page any more: they are looked at again
    // behind the flush. Until then a marker stands in their place, which keeps every other thread from the page, so the
    // second look needs no latch.
    private static bool TakeZeroes(
        AddressSpace space, ref LeafEdit edit, Pfn head, scoped Span<Pte> taken, out FlushDebt zeroed)
    {
        bool any = false;
        taken.Clear();
        FlushDebt before = edit.Detach();
        for (int i = 0; i < PteLeaf.Length && space.Store.ZeroFrames.ForSplits; i++)
        {
            Pte pte = edit.Get(i);
            if (pte.IsCounted && PhysicalMemory.HeadOf(pte.Frame) == head && IsZero(space.Store.Frames, pte.Frame)
                && !space.Vmas[space.Vmas.Containing(edit.FirstPage + (uint)i)].Has(VmaFlags.Locked))
            {
                any = true;
                taken[i] = pte;
                edit.Take(i, Pte.Busy(pte.Frame));
            }
        }

        // Pages that permit nothing owe no flush, and have a marker all the same.
        zeroed = edit.Detach();
        edit.Attach(before);
        return any;
    }

    // The mapping was split just now: its one flush is for what has been taken, too.
    private static void PayWhole(AddressSpace space, int cpu, ref LeafEdit edit, FlushDebt zeroed)
    {
        if (zeroed.IsOwed)
        {
            zeroed.AddRange(edit.FirstPage, edit.TakeSplits() == 0 ? 0 : (ulong)PteLeaf.Length);
            edit.Exit();
            space.Pay(cpu, FlushSite.ZeroesDropped, zeroed);
            edit.Reenter();
        }
    }

    // Linux takes every mapping of the huge page away and puts it back, as if the page moved: behind a batch's flush
    // where another CPU may hold translations, else behind one for each page. While a gather is under way, a page that
    // permits nothing may have permitted more a moment ago (pte_accessible).
    private static void PayParts(AddressSpace space, int cpu, ref LeafEdit edit, Pfn head, scoped Span<Pte> taken)
    {
        FlushBatch batch = space.Store.Flushes.TakeBatch(KernelThread.IsOn);
        bool defers = batch.ShouldDefer(cpu, space.Translations);
        bool pending = space.Translations.FlushPending != 0;
        Span<bool> parts = stackalloc bool[PteLeaf.Length];
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = taken[i].IsEmpty ? edit.Get(i) : taken[i];
            parts[i] = pte.IsCounted && (pte.IsAccessible || pending) && PhysicalMemory.HeadOf(pte.Frame) == head;
            if (parts[i] && defers)
            {
                batch.Add(cpu, space.Translations, pte.IsDirty, edit.FirstPage + (uint)i);
            }
        }

        edit.Exit();
        batch.Flush(cpu);
        space.Store.Flushes.ReturnBatch(batch);
        for (int i = 0; i < PteLeaf.Length && !defers; i++)
        {
            if (parts[i])
            {
                FlushDebt page = default;
                page.AddPage(edit.FirstPage + (uint)i);
                space.Pay(cpu, FlushSite.PartTaken, page);
            }
        }

        edit.Reenter();
    }

    // Puts zero frames where markers stand, or what was there.
    private static void MapZeroes(
        AddressSpace space, int cpu, ref LeafEdit edit, scoped Span<Pte> taken, ref int zeroes)
    {
        edit.Exit();
        Span<bool> stays = stackalloc bool[PteLeaf.Length];
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            stays[i] = taken[i].IsEmpty || !IsZeroForGood(space.Store, taken[i].Frame);
        }

        edit.Reenter();
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = taken[i];
            if (!pte.IsEmpty)
            {
                ulong page = edit.FirstPage + (uint)i;
                edit.Install(i, stays[i] ? pte : Pte.MapZero(space.Store.Frames.ZeroFrameOf(page), pte.IsAccessible));
                zeroes += stays[i] ? 0 : 1;
            }
        }

        for (int i = 0; i < PteLeaf.Length; i++)
        {
            if (!stays[i])
            {
                space.Counts.AddResident(space.Store.Frames[taken[i].Frame], -1);
                PageZap.Unmapped(space, taken[i]);
                space.Store.Frames.Release(cpu, taken[i].Frame);
            }
        }
    }

    private static bool IsZero(PhysicalMemory frames, Pfn frame) => PageZero.IsZero(
        in MemoryMarshal.GetReference(frames.Content(frame)), (nuint)frames.ContentSize);
}
