using System;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Accesses: reading and writing through the page table, and faults until it permits them.</summary>
/// <remarks>Thread safety: all members may be called concurrently; they take the mm lock shared.</remarks>
internal static class PageAccess
{
    /// <summary>Begins an access that the CPU's TLB does not serve; <see cref="CpuTlb.End"/> ends it.</summary>
    /// <remarks>
    /// The walk of the page table takes no lock but the leaf's latch, for as long as it takes to set accessed and dirty
    /// and to fill the TLB. Hardware sets both bits by a locked operation of its own; under the latch no change of an entry needs one. A page
    /// that does not permit the access is faulted in, under the mm lock, and walked again.
    /// </remarks>
    /// <param name="space">The address space, which the CPU runs.</param>
    /// <param name="tlb">The CPU's TLB.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">Read or write.</param>
    /// <param name="note">What the access has met so far.</param>
    /// <param name="frame">The frame, which stays where it is until the access ends.</param>
    internal static MemoryStatus Begin(
        AddressSpace space, CpuTlb tlb, ulong page, FaultKind kind, ref AccessNote note, out Pfn frame)
    {
        frame = Pfn.None;
        if (page >= space.Store.PageLimit)
        {
            return MemoryStatus.NotMapped;
        }

        FlushEngine flushes = space.Store.Flushes;
        long before = flushes.FlushCyclesOf(tlb.Number);
        MemoryStatus status = MemoryStatus.Done;
        bool begun = TryWalk(space, tlb, page, kind, out frame);
        while (!begun && status == MemoryStatus.Done)
        {
            space.EnterShared();
            status = PageFault.Handle(space, tlb.Number, tlb, page, kind, out Fault fault);
            Note(ref note, fault);
            space.ExitShared();
            begun = status == MemoryStatus.Done
                && (tlb.TryBegin(page, kind == FaultKind.Write, out frame) || TryWalk(space, tlb, page, kind, out frame));
        }

        note.Cycles += flushes.WalkCycles + flushes.FlushCyclesOf(tlb.Number) - before;

        note.Frame = status == MemoryStatus.Done ? frame : note.Frame;
        return status;
    }

    /// <summary>Begins an access as an entry says, if it permits the access. Under the leaf's latch.</summary>
    /// <param name="space">The address space, which the CPU runs.</param>
    /// <param name="tlb">The CPU's TLB.</param>
    /// <param name="edit">The leaf.</param>
    /// <param name="page">The page.</param>
    /// <param name="position">Its place in the leaf.</param>
    /// <param name="kind">Read or write.</param>
    /// <param name="frame">The frame.</param>
    internal static bool TryBegin(
        AddressSpace space, CpuTlb tlb, ref LeafEdit edit, ulong page, int position, FaultKind kind, out Pfn frame)
    {
        Pte pte = edit.Get(position);
        if (!Permits(space, pte, kind))
        {
            frame = Pfn.None;
            return false;
        }

        MarkUsed(space, ref edit, position, pte, kind);
        if (OracleSwitch.IsOn)
        {
            space.Store.Oracle?.Accessed(space.Id, page);
        }

        Pte now = pte.IsHuge ? edit.Whole : edit.Get(position);
        frame = tlb.BeginFilled(page, now.ToTranslation(), kind == FaultKind.Write);
        return true;
    }

    private static bool TryWalk(AddressSpace space, CpuTlb tlb, ulong page, FaultKind kind, out Pfn frame)
    {
        frame = Pfn.None;
        if (!LeafEdit.TryEnter(space.Table, page, out LeafEdit edit))
        {
            return false;
        }

        bool begun = TryBegin(space, tlb, ref edit, page, PageTable.PositionOf(page), kind, out frame);
        edit.Exit();
        return begun;
    }

    /// <summary>Writes bytes of one page through a mapping of the kernel, as a debugger does.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that writes.</param>
    /// <param name="page">The page.</param>
    /// <param name="offset">First byte in the page.</param>
    /// <param name="source">The bytes; they end within the page.</param>
    /// <param name="note">What the access has met so far.</param>
    internal static MemoryStatus ForceWrite(
        AddressSpace space, int cpu, ulong page, int offset, ReadOnlySpan<byte> source, ref AccessNote note)
    {
        space.EnterShared();
        MemoryStatus status = Open(
            space, cpu, page, FaultKind.ForcedWrite, ref note, out LeafEdit edit, out Span<byte> content);
        if (status == MemoryStatus.Done)
        {
            source.CopyTo(content[offset..]);
            edit.Exit();
        }

        space.ExitShared();
        return status;
    }

    /// <summary>Makes a page usable for an access as the page table says at this moment, and does not use it.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that is going to access it.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">Read, write, or forced write.</param>
    /// <param name="note">What the access has met so far.</param>
    internal static MemoryStatus Prepare(AddressSpace space, int cpu, ulong page, FaultKind kind, ref AccessNote note)
    {
        space.EnterShared();
        MemoryStatus status = PageFault.Handle(space, cpu, page, kind, out Fault fault);
        Note(ref note, fault);
        space.ExitShared();
        return status;
    }

    /// <summary>Reads a page as a debugger does: whatever its protection, without a fault, leaving no trace.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="page">The page.</param>
    /// <param name="destination">Receives the content; one content size long.</param>
    internal static MemoryStatus Peek(AddressSpace space, ulong page, Span<byte> destination)
    {
        space.EnterShared();
        uint id = space.Vmas.Containing(page);
        uint leaf = id == 0 ? 0 : space.Table.Find(page);
        destination.Clear();
        Pte pte = default;
        if (leaf != 0)
        {
            LeafEdit edit = new(space.Table, leaf, page);
            pte = edit.GetSettled(PageTable.PositionOf(page));
            if (pte.IsSwap)
            {
                space.Store.Swap.Content(pte.Entry.Offset).CopyTo(destination);
            }
            else if (!pte.IsEmpty)
            {
                // A frame that is moving has the content until the entry has gone.
                space.Store.Frames.Content(pte.Frame).CopyTo(destination);
            }

            edit.Exit();
        }

        if (id != 0 && pte.IsEmpty && space.Vmas[id].Object != 0)
        {
            Pfn frame = space.Store.ObjectAt(space.Vmas[id].Object).Find(space.Vmas[id].IndexOf(page));
            if (frame.IsSome)
            {
                space.Store.Frames.Content(frame).CopyTo(destination);
            }
        }

        space.ExitShared();
        return id == 0 ? MemoryStatus.NotMapped : MemoryStatus.Done;
    }

    /// <summary>Faults until the entry permits an access, and marks it as used. Under the mm lock.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="cpu">CPU that accesses the page.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">Read, write, or forced write.</param>
    /// <param name="note">What the access has met so far.</param>
    /// <param name="edit">The leaf; when done its latch is held, which keeps the frame in place.</param>
    /// <param name="content">The frame's content.</param>
    internal static MemoryStatus Open(
        AddressSpace space, int cpu, ulong page, FaultKind kind, ref AccessNote note, out LeafEdit edit, out Span<byte> content)
    {
        edit = default;
        content = default;
        if (page >= space.Store.PageLimit)
        {
            return MemoryStatus.NotMapped;
        }

        int position = PageTable.PositionOf(page);
        for (; ; )
        {
            uint leaf = space.Table.Find(page);
            if (leaf != 0)
            {
                edit = new LeafEdit(space.Table, leaf, page);
                Pte pte = edit.Get(position);
                if (Permits(space, pte, kind))
                {
                    MarkUsed(space, ref edit, position, pte, kind);
                    if (OracleSwitch.IsOn)
                    {
                        space.Store.Oracle?.Accessed(space.Id, page);
                    }

                    note.Frame = pte.Frame;
                    content = space.Store.Frames.Content(pte.Frame);
                    return MemoryStatus.Done;
                }

                edit.Exit();
            }

            MemoryStatus status = PageFault.Handle(space, cpu, page, kind, out Fault fault);
            Note(ref note, fault);
            if (status != MemoryStatus.Done)
            {
                return status;
            }
        }
    }

    // A debugger writes through a mapping of the kernel: the frame becomes dirty, and the entry stays as it is.
    private static void MarkUsed(AddressSpace space, ref LeafEdit edit, int position, Pte pte, FaultKind kind)
    {
        ref FrameRecord frame = ref space.Store.Frames[pte.Frame];
        bool marksFrame = kind == FaultKind.ForcedWrite && !frame.Has(FrameFlags.Huge);
        if (marksFrame && !pte.IsDirty)
        {
            frame.Set(FrameFlags.Dirty);
        }

        bool dirties = kind != FaultKind.Read && !marksFrame && !pte.IsDirty;
        if (!pte.IsAccessed || dirties)
        {
            if (pte.IsHuge)
            {
                Pte whole = edit.Whole;
                edit.LoosenWhole(whole.WithAccessed(true).WithDirty(dirties || whole.IsDirty));
            }
            else
            {
                edit.Loosen(position, pte.WithAccessed(true).WithDirty(dirties || pte.IsDirty));
            }
        }
    }

    // A fault that found nothing to do any more counts, but does not hide what one before it did.
    private static void Note(ref AccessNote note, Fault fault)
    {
        note.Faults++;
        note.Fault = fault == Fault.None ? note.Fault : fault;
    }

    private static bool Permits(AddressSpace space, Pte pte, FaultKind kind) => kind switch
    {
        FaultKind.Read => pte.IsAccessible,
        FaultKind.Write => pte.IsWritable && pte.IsAccessible,
        _ => pte.IsWritable || space.Store.IsExclusive(pte),
    };
}
