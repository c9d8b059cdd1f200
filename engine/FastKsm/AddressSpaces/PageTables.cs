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
        ulong first = PageTable.FirstOf(start);
        if (first != start && space.Vmas.HasAny(first, start))
        {
            start = first + PteLeaf.Length;
        }

        ulong last = PageTable.FirstOf(end);
        if (last != end && space.Vmas.HasAny(end, last + PteLeaf.Length))
        {
            end = last;
        }

        if (start < end && keep)
        {
            Forget(space, start, end);
        }
        else if (start < end)
        {
            Free(space, ref gather, start, end);
        }
    }

    /// <summary>Unlinks the empty page tables of a range; the gather frees them. Under the mm lock held alone.</summary>
    internal static void Free(AddressSpace space, ref PageGather gather, ulong start, ulong end)
    {
        for (uint leaf; (leaf = space.Table.UnlinkEmptyLeaf(ref start, end, out ulong firstPage)) != 0;)
        {
            gather.AddTable(leaf, firstPage);
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
}
