using System;
using System.Runtime.CompilerServices;

namespace FastKsm.AddressSpaces;

/// <summary>
/// A read fault on a page of a backing object maps its neighbours too, as far as the object has them (do_fault_around).
/// </summary>
internal static class FaultAround
{
    // Linux's fault_around_bytes, 64 KiB, in pages of 4 KiB.
    private const int Window = 16;

    /// <summary>Maps neighbours. Under the mm lock, which keeps the object's frames.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="leaf">Leaf of the page.</param>
    /// <param name="page">The page that the fault has mapped.</param>
    /// <param name="vma">Its VMA.</param>
    [SkipLocalsInit]
    internal static void Map(AddressSpace space, uint leaf, ulong page, ref Vma vma)
    {
        int position = PageTable.PositionOf(page);
        ulong before = page - vma.Start;
        int first = Math.Max(position & ~(Window - 1), position - (int)Math.Min((ulong)position, before));
        ulong left = vma.End - page;
        int end = (int)Math.Min((ulong)Math.Min(first + Window, PteLeaf.Length), (ulong)position + left);
        if (end - first <= 1)
        {
            return;
        }

        // The object has latches of its own, so it is asked before the leaf's is taken. A frame that it has it keeps.
        Span<Pfn> frames = stackalloc Pfn[Window];
        frames = frames[..(end - first)];
        ulong start = page - (uint)(position - first);
        space.Store.ObjectAt(vma.Object).Find(vma.IndexOf(start), frames);
        bool writable = vma.Has(VmaFlags.Shared | VmaFlags.Write);
        bool accessible = (vma.Flags & VmaFlags.Access) != VmaFlags.None;
        LeafEdit edit = new(space.Table, leaf, page);
        for (int i = 0; i < frames.Length && edit.Kind == LeafKind.Table; i++)
        {
            Pfn frame = frames[i];
            if (frame.IsSome && edit.Get(first + i).IsEmpty)
            {
                space.Store.Frames.AddMapping(frame, space.Id);
                space.Counts.AddResident(space.Store.Frames[frame], 1);
                edit.Install(first + i, Pte.Map(frame, accessible).WithWritable(writable).WithAccessed(true));
            }
        }

        edit.Exit();
    }
}
