using System;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.ReverseMapping;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>mremap: page-table entries go from one place to another. Under the mm lock held alone.</summary>
internal static class PageMove
{
    /// <summary>Makes the leaves that the entries of a range will need elsewhere.</summary>
    internal static bool TryAddLeaves(AddressSpace space, ulong start, ulong pages, ulong newStart)
    {
        foreach (LeafRun run in new LeafRuns(space.Table, start, start + pages))
        {
            ulong first = newStart + (run.Page - start);
            if (space.Table.KindOf(run.Leaf) != LeafKind.None
                && !(space.Table.TryFindOrAdd(first, out _) && space.Table.TryFindOrAdd(first + (uint)run.Count - 1, out _)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Moves the entries of a range.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="start">First page.</param>
    /// <param name="pages">Number of pages.</param>
    /// <param name="newStart">First page of the new place, whose leaves are there.</param>
    /// <param name="anonVma">anon_vma of the range; 0 for none.</param>
    internal static void Move(AddressSpace space, int cpu, ulong start, ulong pages, ulong newStart, uint anonVma)
    {
        foreach (LeafRun run in new LeafRuns(space.Table, start, start + pages))
        {
            ulong target = newStart + (run.Page - start);
            if (space.Table.KindOf(run.Leaf) != LeafKind.None && !TryMoveHuge(space, cpu, anonVma, run, target))
            {
                MoveLeaf(space, cpu, run, target, anonVma);
            }
        }
    }

    // A frame has no list that it could wait on for its flush, so the flush comes between the two places. Linux makes
    // one for each stretch that lies in one page table at both places.
    [SkipLocalsInit]
    private static void MoveLeaf(AddressSpace space, int cpu, LeafRun run, ulong target, uint anonVma)
    {
        Span<Pte> taken = stackalloc Pte[PteLeaf.Length];
        if (TakesTable(space, run, target))
        {
            MoveStretch(space, cpu, run, target, anonVma, taken, takesTable: true);
            return;
        }

        for (int done = 0; done < run.Count;)
        {
            int count = int.Min(run.Count - done, PteLeaf.Length - PageTable.PositionOf(target + (uint)done));
            MoveStretch(space, cpu, new LeafRun(run.Leaf, run.Page + (uint)done, count), target + (uint)done, anonVma, taken,
                takesTable: false);
            done += count;
        }
    }

    // Linux moves a page table as it is where all of it moves and is as well aligned there, and also where what moves
    // begins within the block and reaches to its end, and no VMA is in front of it at either place (try_realign_addr).
    private static bool TakesTable(AddressSpace space, LeafRun run, ulong target)
    {
        int position = PageTable.PositionOf(run.Page);
        return position == PageTable.PositionOf(target)
            && position + run.Count == PteLeaf.Length
            && (position == 0
                || (IsFirstOfItsBlock(space, run.Page) && IsFirstOfItsBlock(space, target)));
    }

    private static bool IsFirstOfItsBlock(AddressSpace space, ulong page) =>
        !space.Vmas.HasAny(PageTable.FirstOf(page), page) && space.Vmas[space.Vmas.Containing(page)].Start == page;

    // Linux moves a whole page table as it is where it is as well aligned; here its entries move, and the emptied one
    // goes behind the same flush.
    private static void MoveStretch(
        AddressSpace space, int cpu, LeafRun run, ulong target, uint anonVma, Span<Pte> taken, bool takesTable)
    {
        // Between the two places an entry is in neither, which a reverse-map walk must not see.
        ulong index = anonVma == 0 ? 0 : space.Vmas[space.Vmas.Containing(run.Page)].IndexOf(run.Page);
        bool any = false;
        LeafEdit from = EnterToMove(space, cpu, anonVma, index, run, out FamilyHold hold);
        for (int i = 0; i < run.Count; i++)
        {
            Pte pte = from.GetSettled(run.Position + i);
            taken[i] = pte;
            if (pte.IsPresent)
            {
                any = true;
                from.Take(run.Position + i);
            }
            else if (!pte.IsEmpty)
            {
                from.Replace(run.Position + i, default);
            }
        }

        from.Exit();
        ulong first = run.Page;
        uint emptied = takesTable ? space.Table.UnlinkEmptyLeaf(ref first, run.Page + PteLeaf.Length, out _) : 0;
        FlushDebt debt = default;
        if (emptied != 0 || any)
        {
            // As Linux: all of the stretch, wherever in it pages are, and also where they permit nothing.
            debt.AddRange(
                takesTable ? PageTable.FirstOf(run.Page) : run.Page, takesTable ? (ulong)PteLeaf.Length : (ulong)run.Count);
        }

        space.Pay(cpu, FlushSite.Moved, debt);
        if (emptied != 0)
        {
            space.Table.FreeLeaf(emptied);
        }

        LeafEdit to = new(space.Table, space.Table.Find(target), target);
        to.MakeTable();
        for (int i = 0; i < run.Count; i++)
        {
            if (!taken[i].IsEmpty)
            {
                to.Install(PageTable.PositionOf(target + (uint)i), taken[i]);
            }
        }

        to.Exit();
        space.Store.AnonVmas.ExitWrite(hold);
    }

    // Takes the locks under which entries move, and the leaf's latch. A merged page on its way to another frame is
    // looked for where it was merged when it arrives, so it must have arrived before its entry goes elsewhere.
    private static LeafEdit EnterToMove(
        AddressSpace space, int cpu, uint anonVma, ulong index, LeafRun run, out FamilyHold hold)
    {
        SpinWait spinner = default;
        for (; ; )
        {
            hold = space.Store.AnonVmas.EnterWrite(anonVma, index, index + (uint)run.Count - 1);
            LeafEdit edit = space.EnterChecked(cpu, run.Leaf, run.Page);
            if (!HasMergedOnTheWay(space, edit, run))
            {
                return edit;
            }

            edit.Exit();
            space.Store.AnonVmas.ExitWrite(hold);
            spinner.SpinOnce();
        }
    }

    private static bool HasMergedOnTheWay(AddressSpace space, in LeafEdit edit, LeafRun run)
    {
        for (int i = 0; i < run.Count; i++)
        {
            Pte pte = edit.GetSettled(run.Position + i);
            if (pte.IsMigration && space.Store.Frames[pte.Frame].Has(FrameFlags.Ksm))
            {
                return true;
            }
        }

        return false;
    }

    // Moves a huge mapping as it is, from one whole leaf to another; else it is split, to be moved page by page.
    private static bool TryMoveHuge(AddressSpace space, int cpu, uint anonVma, LeafRun run, ulong target)
    {
        if (space.Table.KindOf(run.Leaf) != LeafKind.Huge)
        {
            return false;
        }

        // A walk of the reverse map takes no mm lock: it could split the mapping between that look and the latch, and
        // then 512 entries would be taken for one; and while the mapping is in neither place, it would find the huge
        // page unmapped.
        ulong index = anonVma == 0 ? 0 : space.Vmas[space.Vmas.Containing(run.Page)].IndexOf(run.Page);
        FamilyHold hold = space.Store.AnonVmas.EnterWrite(anonVma, index, index + (uint)run.Count - 1);
        LeafEdit from = new(space.Table, run.Leaf, run.Page);
        bool moves = from.Kind == LeafKind.Huge && MoveHuge(space, cpu, ref from, run, target);
        if (!moves)
        {
            from.Exit();
            HugeMapping.PaySplit(space, cpu, from);
        }

        space.Store.AnonVmas.ExitWrite(hold);
        return moves;
    }

    // Under the latch, which is given back if the mapping moves.
    private static bool MoveHuge(AddressSpace space, int cpu, ref LeafEdit from, LeafRun run, ulong target)
    {
        uint into = space.Table.Find(target);
        Pte entry = from.Whole;
        if (!run.IsWhole || PageTable.PositionOf(target) != 0 || space.Table.KindOf(into) != LeafKind.None)
        {
            HugeMapping.Split(space, ref from);
            return false;
        }

        from.TakeWhole();
        from.Exit();
        ulong first = run.Page;
        uint emptied = space.Table.UnlinkEmptyLeaf(ref first, run.Page + PteLeaf.Length, out _);
        space.PayHuge(cpu, FlushSite.HugeMoved, from.Debt);
        if (emptied != 0)
        {
            space.Table.FreeLeaf(emptied);
        }

        LeafEdit to = new(space.Table, into, target);
        to.InstallWhole(entry);
        to.Exit();
        return true;
    }
}
