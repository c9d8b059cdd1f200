using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <summary>Taking pages away: entries become empty, and what they mapped is let go behind the gather's flush.</summary>
internal static class PageZap
{
    /// <summary>Empties every entry of a range. Under the mm lock, shared or alone.</summary>
    internal static void Range(AddressSpace space, ref PageGather gather, ulong start, ulong end)
    {
        foreach (LeafRun run in new LeafRuns(space.Table, start, end))
        {
            Leaf(space, ref gather, run);
        }
    }

    /// <summary>
    /// A counted entry has gone: its share in the frame's map count goes. As on Linux, the dirtiness of an entry stays with
    /// the page of a file; with an anonymous page only where the page itself goes on elsewhere.
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="pte">What the entry said.</param>
    /// <param name="keepsDirty">Whether the page is moved or written out.</param>
    internal static void Unmapped(AddressSpace space, Pte pte, bool keepsDirty = false)
    {
        ref FrameRecord frame = ref space.Store.Frames[pte.Frame];
        if (pte.IsDirty && (keepsDirty || !frame.Has(FrameFlags.Anonymous)))
        {
            frame.Set(FrameFlags.Dirty);
        }

        if (frame.Has(FrameFlags.Huge))
        {
            space.Store.Frames.HugeFrameOf(pte.Frame).DropSingleMapping(space.Id);
        }

        int left = frame.DropMapping();
        Debug.Assert(left >= 0, "A frame was unmapped more often than mapped.");
        if (left == 0)
        {
            // A borrowed frame outlives its last mapping; no thread may take it for private then.
            frame.Clear(FrameFlags.Exclusive);
        }
    }

    /// <summary>An entry that was not present has gone. What a migration entry stood for is the migrating thread's to free.</summary>
    internal static void EntryGone(AddressSpace space, Pte entry)
    {
        if (entry.IsSwap)
        {
            space.Store.Swap.Release(entry.Entry.Offset);
            space.Counts.AddSwapped(-1);
        }
    }

    [SkipLocalsInit]
    private static void Leaf(AddressSpace space, ref PageGather gather, LeafRun run)
    {
        Span<Pte> taken = stackalloc Pte[PteLeaf.Length];
        int count = 0;
        long anonymous = 0;
        long backed = 0;
        long mergerZero = 0;
        LeafEdit edit = space.EnterChecked(gather.Cpu, run.Leaf, run.Page);
        if (edit.Kind == LeafKind.Huge)
        {
            _ = edit.GetSettled(run.Position);
            if (edit.Kind == LeafKind.Huge && run.IsWhole)
            {
                Whole(space, ref gather, edit);
                return;
            }

            if (edit.Kind == LeafKind.Huge)
            {
                HugeMapping.Split(space, ref edit);
            }
        }

        for (; count < run.Count && edit.Populated != 0; count++)
        {
            int position = run.Position + count;
            Pte pte = edit.GetSettled(position);
            if (edit.Kind == LeafKind.Huge)
            {
                // The latch was given back for a marker. Meanwhile another thread has emptied the table, and a third has mapped it as a
                // whole: one entry that stands for 512 is no page's.
                HugeMapping.Split(space, ref edit);
                pte = edit.Get(position);
            }

            taken[count] = pte;
            if (pte.IsEmpty)
            {
                continue;
            }

            if (!pte.IsPresent)
            {
                edit.Replace(position, default);
                anonymous += pte.IsMigration ? 1 : 0;
                EntryGone(space, pte);
                continue;
            }

            edit.Take(position);
            if (!pte.IsCounted)
            {
                mergerZero += pte.IsDirty ? 1 : 0;
                continue;
            }

            bool isAnonymous = space.Store.Frames[pte.Frame].Has(FrameFlags.Anonymous);
            anonymous += isAnonymous ? 1 : 0;
            backed += isAnonymous ? 0 : 1;
            if (!IsDelayed(isAnonymous, pte))
            {
                Unmapped(space, pte);
            }
        }

        edit.Exit();
        HugeMapping.PaySplit(space, gather.Cpu, edit);
        if (anonymous != 0)
        {
            space.Counts.AddAnonymous(-anonymous);
        }

        if (backed != 0)
        {
            space.Counts.AddBacked(-backed);
        }

        space.CountMergerZeroPages(-mergerZero);
        Gather(space, ref gather, run.Page, taken[..count], delays: backed != 0);
    }

    // Only behind the gather's flush may the frames be used again: until then a CPU may hold a translation to them.
    private static void Gather(
        AddressSpace space, ref PageGather gather, ulong page, scoped Span<Pte> taken, bool delays)
    {
        bool delayed = false;
        for (int i = 0; i < taken.Length; i++)
        {
            Pte pte = taken[i];
            if (!pte.IsPresent)
            {
                continue;
            }

            gather.AddPage(page + (uint)i);
            if (!pte.IsCounted)
            {
                continue;
            }

            if (delays && IsDelayed(space.Store.Frames[pte.Frame].Has(FrameFlags.Anonymous), pte))
            {
                delayed = true;
                continue;
            }

            // A full gather lets go of it: from here on it may be anything, also the dirty page of a file.
            taken[i] = default;
            gather.AddFrame(pte.Frame);
        }

        if (!delayed)
        {
            return;
        }

        // The page of a file that is dirty stays mapped, as its map count says, until no CPU can store to it any more: who cleans pages
        // must not take it for one that nobody writes.
        gather.FlushTranslations();
        foreach (Pte pte in taken)
        {
            if (pte.IsCounted)
            {
                Unmapped(space, pte);
                gather.AddFrame(pte.Frame);
            }
        }
    }

    private static bool IsDelayed(bool isAnonymous, Pte pte) => !isAnonymous && pte.IsDirty;

    // Unmaps a leaf that is mapped as a whole, and gives its latch back.
    private static void Whole(AddressSpace space, ref PageGather gather, LeafEdit edit)
    {
        Pte entry = edit.Whole;
        edit.TakeWhole();
        if (entry.IsCounted)
        {
            HugeFrame huge = space.Store.Frames.HugeFrameOf(entry.Frame);
            space.Counts.AddResident(huge.Head, -PteLeaf.Length);
            huge.DropWholeMapping(space.Id);
            if (huge is { WholeMappings: 0, SingleMappings: 0 })
            {
                // As with single frames: what is only borrowed is no address space's alone.
                huge.Head.Clear(FrameFlags.Exclusive);
            }
        }

        edit.Exit();
        gather.AddHuge(edit.FirstPage);
        if (entry.IsCounted)
        {
            gather.AddFrame(entry.Frame, isHuge: true);
        }
    }
}
