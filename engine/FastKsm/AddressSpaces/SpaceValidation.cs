using System;
using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <summary>Checks of one address space, for a machine at rest.</summary>
internal static class SpaceValidation
{
    /// <summary>Checks VMAs and page tables, and tells a recount of all address spaces what is there.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="recount">The recount.</param>
    /// <exception cref="InvalidOperationException">An invariant is broken; the message names it.</exception>
    internal static void Validate(AddressSpace space, StoreRecount recount)
    {
        space.Vmas.Validate(recount);
        Recount counts = default;
        foreach (LeafRun run in new LeafRuns(space.Table, 0, space.Store.PageLimit))
        {
            ValidateLeaf(space, recount, run.Leaf, run.Page, ref counts);
        }

        ref SpaceCounts kept = ref space.Counts;
        Invariant.Require(counts.Anonymous == kept.Anonymous, "A9", 0);
        Invariant.Require(counts.Swapped == kept.Swapped, "A9", 0);
        Invariant.Require(counts.Backed == kept.Backed, "A9", 0);
        Invariant.Require(counts.MergerZero + kept.MergerZeroUnmapped == kept.MergerZero, "A9", 0);
    }

    private static void ValidateLeaf(AddressSpace space, StoreRecount recount, uint leaf, ulong firstPage, ref Recount counts)
    {
        recount.AddLeaf(leaf);
        uint vmaBelow = space.Vmas.From(firstPage);
        Invariant.Require(vmaBelow != 0 && space.Vmas[vmaBelow].Start < firstPage + PteLeaf.Length, "A4", firstPage);
        LeafKind kind = space.Table.KindOf(leaf);
        if (kind == LeafKind.Huge)
        {
            ValidateHuge(space, recount, leaf, firstPage);
        }

        int populated = 0;
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = space.Table.Get(leaf, i);
            if (!pte.IsEmpty)
            {
                Invariant.Require(kind != LeafKind.None && pte.IsHuge == (kind == LeafKind.Huge), "A11", firstPage);
                populated++;
                ValidatePte(space, recount, pte, firstPage + (uint)i, ref counts);
            }
        }

        Invariant.Require(populated == space.Table.PopulatedIn(leaf) && space.Store.LeafHeaders[leaf].Latch == 0, "A4", firstPage);
    }

    private static void ValidateHuge(AddressSpace space, StoreRecount recount, uint leaf, ulong firstPage)
    {
        Pte entry = space.Table.GetWhole(leaf);
        ref Vma vma = ref space.Vmas[space.Vmas.Containing(firstPage)];
        Invariant.Require(firstPage + PteLeaf.Length <= vma.End && vma.Object == 0 && !vma.Has(VmaFlags.Shared), "A11", firstPage);
        Invariant.Require(entry.IsHuge && entry.IsPresent && !(entry.IsZeroFrame && entry.IsDirty), "A11", firstPage);
        if (entry.IsCounted)
        {
            Invariant.Require(PhysicalMemory.HeadOf(entry.Frame) == entry.Frame && space.Store.Frames[entry.Frame].Has(FrameFlags.Huge), "A11", firstPage);
            recount.AddHugeMapping(entry.Frame);
        }
    }

    private static void ValidatePte(AddressSpace space, StoreRecount recount, Pte pte, ulong page, ref Recount counts)
    {
        uint id = space.Vmas.Containing(page);
        Invariant.Require(id != 0, "A4", page);
        ref Vma vma = ref space.Vmas[id];
        if (pte.IsSwap)
        {
            counts.Swapped++;
            recount.AddSwapEntry(pte);
            return;
        }

        Invariant.Require(pte.IsPresent && pte.IsAccessible == ((vma.Flags & VmaFlags.Access) != VmaFlags.None), "A10", page);
        Invariant.Require(!pte.IsWritable || vma.Has(VmaFlags.Write), "A6", page);
        ref FrameRecord frame = ref space.Store.Frames[pte.Frame];
        if (pte.IsZeroFrame)
        {
            Invariant.Require(frame.Has(FrameFlags.Zero) && !pte.IsWritable, "A7", page);
            Invariant.Require(!pte.IsDirty || pte.Frame == space.Store.Frames.ZeroFrameOf(page), "A7", page);
            counts.MergerZero += pte.IsDirty ? 1 : 0;
            return;
        }

        if (!pte.IsHuge)
        {
            recount.AddMapping(pte.Frame);
        }

        bool anonymous = frame.Has(FrameFlags.Anonymous);
        counts.Anonymous += anonymous ? 1 : 0;
        counts.Backed += anonymous ? 0 : 1;
        Invariant.Require(frame.Has(FrameFlags.Allocated) && !frame.Has(FrameFlags.Zero), "A5", page);
        bool exclusive = space.Store.IsExclusive(pte);
        bool mappedOnce = space.Store.Frames.MapCountOf(pte.Frame) == 1;
        Invariant.Require(!exclusive || (anonymous && mappedOnce && !frame.Has(FrameFlags.Ksm)), "A7", page);
        Invariant.Require(!pte.IsWritable || vma.Has(VmaFlags.Shared) || exclusive, "A6", page);
        if (!anonymous)
        {
            Invariant.Require(frame.Mapping == vma.Object && frame.Index == vma.IndexOf(page), "A8", page);
        }
        else if (!frame.Has(FrameFlags.Ksm))
        {
            Invariant.Require(frame.Index == vma.IndexOf(page), "A8", page);
            Invariant.Require(space.Store.AnonVmas.Contains(vma.Chain, frame.Mapping), "A8", page);
        }
    }

    private struct Recount
    {
        internal long Anonymous;
        internal long Backed;
        internal long MergerZero;
        internal long Swapped;
    }
}
