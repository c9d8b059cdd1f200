using System;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <content>The check of invariants A1 to A11, for a machine at rest.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Checks this address space and adds what it maps to the counts of the machine.</summary>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    internal void Validate(StoreRecount recount)
    {
        _tree.Validate((id, start, end) => Require(VmaAt(id).Start == start && VmaAt(id).End == end, "A1", start));
        ulong mapped = 0;
        ulong locked = 0;
        for (VmaCursor at = _tree.Find(0); at.IsSome; at = _tree.After(at))
        {
            ref Vma vma = ref VmaAt(_tree.At(at));
            mapped += vma.Pages;
            locked += vma.Has(VmaFlags.Locked) ? vma.Pages : 0;
            Require(vma.End <= _store.PageLimit && vma.IndexOf(vma.End) <= 1UL << Sizes.IndexBits, "A3", vma.Start);
            Require(vma.Space == Id, "A1", vma.Start);
            recount.AddVma(_tree.At(at), vma);
        }

        Require(mapped == MappedPages && locked == LockedPages, "A2", 0);
        Recount counts = default;
        ulong page = 0;
        for (uint leaf; (leaf = _pageTable.FindNext(ref page, _store.PageLimit, out int count)) != 0; page += (uint)count)
        {
            ValidateLeaf(recount, leaf, page, ref counts);
        }

        Require(counts.Anonymous == ResidentAnonymous, "A9", 0);
        Require(counts.Swapped == SwapEntries, "A9", 0);
        Require(counts.Backed == ResidentBacked, "A9", 0);
        Require(counts.MergerZero + _mergerZeroPagesUnmapped == MergerZeroPages, "A9", 0);
    }

    private static void Require(bool holds, string invariant, ulong page)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Invariant {invariant} is broken at page 0x{page:x}.");
        }
    }

    private void ValidateLeaf(StoreRecount recount, uint leaf, ulong firstPage, ref Recount counts)
    {
        recount.AddLeaf(leaf);
        uint vmaBelow = _tree.At(_tree.Find(firstPage));
        Require(vmaBelow != 0 && VmaAt(vmaBelow).Start < firstPage + PteLeaf.Length, "A4", firstPage);
        LeafKind kind = _pageTable.KindOf(leaf);
        if (kind == LeafKind.Huge)
        {
            ValidateHuge(recount, leaf, firstPage);
        }

        int populated = 0;
        for (int i = 0; i < PteLeaf.Length; i++)
        {
            Pte pte = _pageTable.Get(leaf, i);
            if (!pte.IsEmpty)
            {
                Require(kind != LeafKind.None && pte.IsHuge == (kind == LeafKind.Huge), "A11", firstPage);
                populated++;
                ValidatePte(recount, pte, firstPage + (uint)i, ref counts);
            }
        }

        Require(populated == _pageTable.PopulatedIn(leaf) && _store.LeafHeaders[leaf].Latch == 0, "A4", firstPage);
    }

    private void ValidateHuge(StoreRecount recount, uint leaf, ulong firstPage)
    {
        Pte entry = _pageTable.GetWhole(leaf);
        ref Vma vma = ref VmaAt(FindContaining(firstPage));
        Require(firstPage + PteLeaf.Length <= vma.End && vma.Object == 0 && !vma.Has(VmaFlags.Shared), "A11", firstPage);
        Require(entry.IsHuge && entry.IsPresent && !(entry.IsZeroFrame && entry.IsDirty), "A11", firstPage);
        if (entry.IsCounted)
        {
            Require(PhysicalMemory.HeadOf(entry.Frame) == entry.Frame && _store.Frames[entry.Frame].Has(FrameFlags.Huge), "A11", firstPage);
            recount.AddHugeMapping(entry.Frame);
        }
    }

    private void ValidatePte(StoreRecount recount, Pte pte, ulong page, ref Recount counts)
    {
        uint id = FindContaining(page);
        Require(id != 0, "A4", page);
        ref Vma vma = ref VmaAt(id);
        if (pte.IsSwap)
        {
            counts.Swapped++;
            recount.AddSwapEntry(pte);
            return;
        }

        Require(pte.IsPresent && pte.IsAccessible == ((vma.Flags & VmaFlags.Access) != VmaFlags.None), "A10", page);
        Require(!pte.IsWritable || vma.Has(VmaFlags.Write), "A6", page);
        ref FrameRecord frame = ref _store.Frames[pte.Frame];
        if (pte.IsZeroFrame)
        {
            Require(frame.Has(FrameFlags.Zero) && !pte.IsWritable, "A7", page);
            Require(!pte.IsDirty || pte.Frame == _store.Frames.ZeroFrameOf(page), "A7", page);
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
        Require(frame.Has(FrameFlags.Allocated) && !frame.Has(FrameFlags.Zero), "A5", page);
        bool exclusive = IsExclusive(pte);
        bool mappedOnce = _store.Frames.MapCountOf(pte.Frame) == 1;
        Require(!exclusive || (anonymous && mappedOnce && !frame.Has(FrameFlags.Ksm)), "A7", page);
        Require(!pte.IsWritable || vma.Has(VmaFlags.Shared) || exclusive, "A6", page);
        if (!anonymous)
        {
            Require(frame.Mapping == vma.Object && frame.Index == vma.IndexOf(page), "A8", page);
        }
        else if (!frame.Has(FrameFlags.Ksm))
        {
            Require(frame.Index == vma.IndexOf(page), "A8", page);
            Require(_store.AnonVmas.Contains(vma.Chain, frame.Mapping), "A8", page);
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
