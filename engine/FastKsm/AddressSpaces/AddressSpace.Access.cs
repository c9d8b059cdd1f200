using System;
using System.Diagnostics;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <content>Reading and writing through the page table.</content>
internal sealed partial class AddressSpace<TObserver>
{
    /// <summary>Reads bytes of one page.</summary>
    /// <param name="cpu">CPU that reads.</param>
    /// <param name="page">The page.</param>
    /// <param name="offset">First byte in the page.</param>
    /// <param name="destination">Where to; ends within the page.</param>
    /// <param name="note">What the access has met so far.</param>
    internal MemoryStatus Read(int cpu, ulong page, int offset, Span<byte> destination, ref AccessNote note)
    {
        _latch.EnterRead();
        MemoryStatus status = Open(cpu, page, FaultKind.Read, ref note, out uint leaf, out Span<byte> content);
        if (status == MemoryStatus.Done)
        {
            content.Slice(offset, destination.Length).CopyTo(destination);
            _pageTable.Exit(leaf);
        }

        ExitShared();
        return status;
    }

    /// <summary>Writes bytes of one page.</summary>
    /// <param name="cpu">CPU that writes.</param>
    /// <param name="page">The page.</param>
    /// <param name="offset">First byte in the page.</param>
    /// <param name="source">The bytes; they end within the page.</param>
    /// <param name="kind">Write, or forced write.</param>
    /// <param name="note">What the access has met so far.</param>
    internal MemoryStatus Write(
        int cpu, ulong page, int offset, ReadOnlySpan<byte> source, FaultKind kind, ref AccessNote note)
    {
        Debug.Assert(kind is FaultKind.Write or FaultKind.ForcedWrite, "Only these write.");
        _latch.EnterRead();
        MemoryStatus status = Open(cpu, page, kind, ref note, out uint leaf, out Span<byte> content);
        if (status == MemoryStatus.Done)
        {
            source.CopyTo(content[offset..]);
            _pageTable.Exit(leaf);
        }

        ExitShared();
        return status;
    }

    /// <summary>Makes a page usable for an access, and uses it without moving a byte.</summary>
    /// <param name="cpu">CPU that accesses it.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">Read, write, or forced write.</param>
    /// <param name="note">What the access has met so far.</param>
    internal MemoryStatus Touch(int cpu, ulong page, FaultKind kind, ref AccessNote note)
    {
        _latch.EnterRead();
        MemoryStatus status = Open(cpu, page, kind, ref note, out uint leaf, out _);
        if (status == MemoryStatus.Done)
        {
            _pageTable.Exit(leaf);
        }

        ExitShared();
        return status;
    }

    /// <summary>Makes a page usable for an access as the page table says at this moment, and does not use it.</summary>
    /// <param name="cpu">CPU that is going to access it.</param>
    /// <param name="page">The page.</param>
    /// <param name="kind">Read, write, or forced write.</param>
    /// <param name="note">What the access has met so far.</param>
    internal MemoryStatus Prepare(int cpu, ulong page, FaultKind kind, ref AccessNote note)
    {
        _latch.EnterRead();
        MemoryStatus status = FaultCore(cpu, page, kind, out Fault fault);
        Note(ref note, fault);
        ExitShared();
        return status;
    }

    /// <summary>Writes a whole page by content number.</summary>
    /// <param name="cpu">CPU that writes.</param>
    /// <param name="page">The page.</param>
    /// <param name="number">The content's number.</param>
    /// <param name="note">What the access has met so far.</param>
    internal MemoryStatus WriteContent(int cpu, ulong page, ulong number, ref AccessNote note)
    {
        _latch.EnterRead();
        MemoryStatus status = Open(cpu, page, FaultKind.Write, ref note, out uint leaf, out Span<byte> content);
        if (status == MemoryStatus.Done)
        {
            PageContent.Fill(content, number);
            _pageTable.Exit(leaf);
        }

        ExitShared();
        return status;
    }

    /// <summary>Reads a page as a debugger does: whatever its protection, without a fault, leaving no trace.</summary>
    /// <param name="page">The page.</param>
    /// <param name="destination">Receives the content; one content size long.</param>
    internal MemoryStatus Peek(ulong page, Span<byte> destination)
    {
        _latch.EnterRead();
        uint id = FindContaining(page);
        uint leaf = id == 0 ? 0 : _pageTable.Find(page);
        destination.Clear();
        Pte pte = default;
        if (leaf != 0)
        {
            _pageTable.Enter(leaf);
            pte = _pageTable.Get(leaf, PageTable.PositionOf(page));
            if (pte.IsSwap)
            {
                _store.Swap.Content(pte.Entry.Offset).CopyTo(destination);
            }
            else if (!pte.IsEmpty)
            {
                // A frame that is moving has the content until the entry has gone.
                _store.Frames.Content(pte.Frame).CopyTo(destination);
            }

            _pageTable.Exit(leaf);
        }

        if (id != 0 && pte.IsEmpty && VmaAt(id).Object != 0)
        {
            Pfn frame = _store.ObjectAt(VmaAt(id).Object).Find(VmaAt(id).IndexOf(page));
            if (frame.IsSome)
            {
                _store.Frames.Content(frame).CopyTo(destination);
            }
        }

        ExitShared();
        return id == 0 ? MemoryStatus.NotMapped : MemoryStatus.Done;
    }

    /// <summary>The VMA of a page or, where there is none, the next one behind it, as it is at this moment.</summary>
    internal bool TryFind(ulong page, out Vma vma)
    {
        _latch.EnterRead();
        uint id = _tree.At(_tree.Find(page));
        vma = id == 0 ? default : VmaAt(id);
        ExitShared();
        return id != 0;
    }

    /// <summary>The PTE of a page, as it is at this moment; empty where there is none.</summary>
    internal Pte Translate(ulong page)
    {
        _latch.EnterRead();
        Pte pte = default;
        uint leaf = page < _store.PageLimit ? _pageTable.Find(page) : 0;
        if (leaf != 0)
        {
            _pageTable.Enter(leaf);
            pte = _pageTable.Get(leaf, PageTable.PositionOf(page));
            _pageTable.Exit(leaf);
        }

        ExitShared();
        return pte;
    }

    // Faults until the PTE permits the access; then returns with the leaf's latch held, which keeps the frame in place.
    private MemoryStatus Open(
        int cpu, ulong page, FaultKind kind, ref AccessNote note, out uint leaf, out Span<byte> content)
    {
        leaf = 0;
        content = default;
        if (page >= _store.PageLimit)
        {
            return MemoryStatus.NotMapped;
        }

        int position = PageTable.PositionOf(page);
        for (; ; )
        {
            leaf = _pageTable.Find(page);
            if (leaf != 0)
            {
                _pageTable.Enter(leaf);
                Pte pte = _pageTable.Get(leaf, position);
                if (Permits(pte, kind))
                {
                    // A debugger writes through a mapping of the kernel. The frame becomes dirty, and the PTE stays as it is.
                    ref FrameRecord frame = ref _store.Frames[pte.Frame];
                    bool marksFrame = kind == FaultKind.ForcedWrite && !frame.Has(FrameFlags.Huge);
                    if (marksFrame && !pte.IsDirty)
                    {
                        frame.Set(FrameFlags.Dirty);
                    }

                    bool writes = kind != FaultKind.Read && !marksFrame;
                    if (!pte.IsAccessed || (writes && !pte.IsDirty))
                    {
                        MarkUsed(leaf, position, pte.WithAccessed(true).WithDirty(writes || pte.IsDirty));
                    }

                    if (OracleSwitch.IsOn)
                    {
                        _store.Oracle?.Accessed(Id, page);
                    }

                    note.Frame = pte.Frame;
                    content = _store.Frames.Content(pte.Frame);
                    return MemoryStatus.Done;
                }

                _pageTable.Exit(leaf);
            }

            MemoryStatus status = FaultCore(cpu, page, kind, out Fault fault);
            Note(ref note, fault);
            if (status != MemoryStatus.Done)
            {
                return status;
            }
        }
    }

    // A fault that found nothing to do any more counts, but does not hide what one before it did.
    private static void Note(ref AccessNote note, Fault fault)
    {
        note.Faults++;
        note.Fault = fault == Fault.None ? note.Fault : fault;
    }

    private void MarkUsed(uint leaf, int position, Pte used)
    {
        if (used.IsHuge)
        {
            _pageTable.SetWhole(leaf, _pageTable.GetWhole(leaf).WithAccessed(used.IsAccessed).WithDirty(used.IsDirty));
        }
        else
        {
            _pageTable.Set(leaf, position, used);
        }
    }

    private bool Permits(Pte pte, FaultKind kind) => kind switch
    {
        FaultKind.Read => pte.IsAccessible,
        FaultKind.Write => pte.IsWritable && pte.IsAccessible,
        _ => pte.IsWritable || IsExclusive(pte),
    };

    private bool IsExclusive(Pte pte) =>
        pte.IsCounted && _store.Frames[pte.IsHuge ? PhysicalMemory.HeadOf(pte.Frame) : pte.Frame].Has(
            FrameFlags.Anonymous | FrameFlags.Exclusive);
}
