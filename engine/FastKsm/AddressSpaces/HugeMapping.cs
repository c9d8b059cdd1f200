using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Huge mappings: when a block gets one, whose its frames are, and splitting it.</summary>
internal static class HugeMapping
{
    private const FrameFlags Flags =
        FrameFlags.Allocated | FrameFlags.Used | FrameFlags.Huge | FrameFlags.Anonymous | FrameFlags.SwapBacked;

    /// <summary>Whether the block of a page is to be mapped as a whole if nothing is mapped there.</summary>
    internal static bool IsWanted(AddressSpace space, in Vma vma, ulong page)
    {
        ulong first = PageTable.FirstOf(page);
        if (!vma.Has(VmaFlags.HugePage) || vma.Object != 0 || first < vma.Start || first + PteLeaf.Length > vma.End)
        {
            return false;
        }

        uint leaf = space.Table.Find(page);
        return leaf == 0 || space.Table.KindOf(leaf) == LeafKind.None;
    }

    /// <summary>Takes 512 frames of zeroes that are one huge page of this address space alone, mapped by nothing yet.</summary>
    /// <remarks>With no latch held: frames are cleared.</remarks>
    internal static MemoryStatus TryTake(AddressSpace space, int cpu, in Vma vma, ulong page, out Pfn first)
    {
        MemoryStatus status = space.Store.Frames.TakeHuge(cpu, vma.Node, out first);
        if (status == MemoryStatus.Done)
        {
            HugeFrame huge = space.Store.Frames.HugeFrameOf(first);
            ulong index = vma.IndexOf(PageTable.FirstOf(page));
            for (int i = 0; i < PteLeaf.Length; i++)
            {
                huge[i].Become(Flags, vma.AnonVma, index + (uint)i);
            }

            huge.Head.Set(FrameFlags.Exclusive);
        }

        return status;
    }

    /// <summary>Maps what <see cref="TryTake"/> has taken.</summary>
    internal static void Install(AddressSpace space, in LeafEdit edit, in Vma vma, Pfn first)
    {
        HugeFrame huge = space.Store.Frames.HugeFrameOf(first);
        huge.AddWholeMapping(space.Id);
        space.Counts.AddResident(huge.Head, PteLeaf.Length);
        Pte entry = Pte.Map(first, (vma.Flags & VmaFlags.Access) != VmaFlags.None).WithAccessed(true).WithDirty(true);
        edit.InstallWhole(entry.WithWritable(vma.Has(VmaFlags.Write)));
    }

    /// <summary>Makes a huge page this address space's alone, if the one reference is that of the mapping whose latch is held.</summary>
    internal static bool TryOwn(in Vma vma, HugeFrame huge)
    {
        if (huge.Head.References != 1)
        {
            return false;
        }

        for (int i = 0; i < PteLeaf.Length; i++)
        {
            huge[i].Mapping = vma.AnonVma;
        }

        huge.Head.Set(FrameFlags.Exclusive);
        return true;
    }

    /// <summary>Makes 512 entries of a huge mapping. <see cref="PaySplit"/> comes behind the latch.</summary>
    internal static void Split(AddressSpace space, ref LeafEdit edit)
    {
        Pte entry = edit.Whole;
        if (entry.IsCounted)
        {
            HugeFrame huge = space.Store.Frames.HugeFrameOf(entry.Frame);
            huge.MapSingly(space.Id, huge.Head.Has(FrameFlags.Exclusive));
        }

        edit.Split();
    }

    /// <summary>Makes the flush of all pages of each huge mapping that an edit has split. With its latch given back.</summary>
    /// <remarks>
    /// No CPU can do with the old translation what it could not do with the new ones. Linux flushes because hardware may not hold both
    /// sizes at once, and so does the engine, whose TLBs and counters are those of such hardware.
    /// </remarks>
    internal static void PaySplit(AddressSpace space, int cpu, in LeafEdit edit)
    {
        for (int i = 0; i < edit.Splits; i++)
        {
            FlushDebt debt = default;
            debt.AddRange(edit.FirstPage, PteLeaf.Length);
            space.Pay(cpu, FlushSite.HugeSplit, debt);
        }
    }

    /// <summary>The edge of a VMA comes to lie in front of a page: a huge mapping that it would cut is split. Under the mm lock held alone.</summary>
    internal static void SplitAt(AddressSpace space, int cpu, ulong page)
    {
        uint leaf = PageTable.PositionOf(page) == 0 ? 0 : space.Table.Find(page);
        if (leaf == 0 || space.Table.KindOf(leaf) != LeafKind.Huge)
        {
            return;
        }

        LeafEdit edit = new(space.Table, leaf, page);
        _ = edit.GetSettled(0);
        if (edit.Kind == LeafKind.Huge)
        {
            Split(space, ref edit);
        }

        edit.Exit();
        PaySplit(space, cpu, edit);
    }
}
