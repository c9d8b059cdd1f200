namespace FastKsm.AddressSpaces;

/// <summary>When page tables go: with the last VMA that reaches into their block, and behind a flush.</summary>
internal static class PageTables
{
    /// <summary>Frees the page tables of a range that has been unmapped, as far as no VMA reaches into their blocks.</summary>
    /// <remarks>
    /// A page table that is empty by now goes with its last VMA, and not before: as long as it is there, its block is not
    /// mapped as a whole. A leaf that is kept is one that nothing has become yet. Under the mm lock held alone.
    /// </remarks>
    internal static void FreeLeft(AddressSpace space, ref PageGather gather, ulong start, ulong end, bool keep)
    {
        (ulong first, ulong last) = Left(space, start, end, PteLeaf.Length);
        if (keep)
        {
            if (first < last)
            {
                Forget(space, first, last);
            }

            return;
        }

        Free(space, ref gather, first, last);
        (first, last) = Left(space, start, end, PageTable.DirectoryPages);
        FreeDirectories(space, ref gather, first, last);
    }

    /// <summary>Frees the page tables of an address space that ends. Under the mm lock held alone.</summary>
    internal static void FreeAll(AddressSpace space, ref PageGather gather)
    {
        Free(space, ref gather, 0, space.Store.PageLimit);
        FreeDirectories(space, ref gather, 0, space.Store.PageLimit);
    }

    /// <summary>Unlinks the empty page tables of a range; the gather frees them. Under the mm lock held alone.</summary>
    internal static void Free(AddressSpace space, ref PageGather gather, ulong start, ulong end)
    {
        for (uint leaf; (leaf = space.Table.UnlinkEmptyLeaf(ref start, end, out ulong firstPage, out bool wasTable)) != 0;)
        {
            if (wasTable)
            {
                gather.AddTable(leaf, firstPage);
            }
            else
            {
                // Nothing had become of it, or a huge mapping whose flush is the gather's.
                space.Table.FreeLeaf(leaf);
            }
        }
    }

    /// <summary>Empty page tables become nothing again, of a range that holds all of their blocks, or all that is mapped in them.</summary>
    internal static void Forget(AddressSpace space, ulong start, ulong end)
    {
        foreach (LeafRun run in new LeafRuns(space.Table, start, end))
        {
            LeafEdit edit = new(space.Table, run.Leaf, run.Page);
            if (edit.Populated == 0)
            {
                edit.ForgetTable();
            }

            edit.Exit();
        }
    }

    // As Linux: what has been flushed reaches down to the first page of a directory's block (1 GiB). The tables above those are
    // not modelled: the one of the lowest 512 GiB never goes, as the program lies there.
    private static void FreeDirectories(AddressSpace space, ref PageGather gather, ulong start, ulong end)
    {
        while (space.Table.TryFreeDirectory(ref start, end, out ulong firstPage))
        {
            gather.AddDirectory(firstPage);
        }
    }

    // The part of a range whose blocks no VMA reaches into any more.
    private static (ulong Start, ulong End) Left(AddressSpace space, ulong start, ulong end, ulong block)
    {
        ulong first = start & ~(block - 1);
        if (first != start && space.Vmas.HasAny(first, start))
        {
            start = first + block;
        }

        ulong last = end & ~(block - 1);
        if (last != end && space.Vmas.HasAny(end, last + block))
        {
            end = last;
        }

        return (start, end);
    }
}
