using System;
using System.Runtime.CompilerServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;

namespace FastKsm;

/// <content>Access to the memory of the process that runs.</content>
/// <remarks>
/// Every access comes in two forms. One throws what the hardware would signal. The other begins with Try, returns false instead, and
/// says in an <see cref="Access"/> what happened. Neither allocates. Bytes of different pages are not accessed at one moment.
/// </remarks>
public sealed partial class Cpu
{
    /// <summary>Reads bytes, faulting pages in.</summary>
    /// <param name="address">First address.</param>
    /// <param name="destination">Where to; the whole of it is filled.</param>
    /// <exception cref="SegmentationFaultException">A page is not mapped or may not be read.</exception>
    /// <exception cref="NotSupportedException">The machine keeps fingerprints; use <see cref="ReadPage(ulong, Span{byte})"/>.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public void Read(ulong address, Span<byte> destination)
    {
        if (!TryReadHit(address, destination))
        {
            ReadSlowly(address, destination);
        }
    }

    /// <summary>Reads bytes, faulting pages in.</summary>
    /// <param name="address">First address.</param>
    /// <param name="destination">
    /// Where to. If the access ends before it is full, what lies in front of that place has been filled.
    /// </param>
    /// <param name="access">What happened.</param>
    /// <returns>Whether all has been read.</returns>
    /// <exception cref="NotSupportedException">The machine keeps fingerprints; use <see cref="TryReadPage"/>.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public bool TryRead(ulong address, Span<byte> destination, out Access access)
    {
        AccessNote note = default;
        return Report(Read(ref address, destination, ref note), address, note, out access);
    }

    /// <summary>Writes bytes, faulting pages in.</summary>
    /// <remarks>
    /// All pages are faulted in before the first byte is written, so a page that is not mapped or may not be written when the
    /// call begins, or for which no frame is free, leaves all as it was. If another CPU unmaps, protects or pages out a page
    /// meanwhile, the bytes before it have been written: the exception bears the address from which on none has.
    /// </remarks>
    /// <param name="address">First address.</param>
    /// <param name="source">The bytes.</param>
    /// <exception cref="SegmentationFaultException">A page is not mapped or may not be written.</exception>
    /// <exception cref="NotSupportedException">The machine keeps fingerprints; use <see cref="WritePage(ulong, ulong)"/>.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public void Write(ulong address, ReadOnlySpan<byte> source)
    {
        if (!TryWriteHit(address, source))
        {
            WriteSlowly(address, source);
        }
    }

    /// <summary>
    /// Writes bytes, faulting pages in. What <see cref="Write(ulong, ReadOnlySpan{byte})"/> says about several pages
    /// holds here too.
    /// </summary>
    /// <param name="address">First address.</param>
    /// <param name="source">The bytes.</param>
    /// <param name="access">
    /// What happened. Behind its address nothing has been written; before it all has, or, where the failure was
    /// foreseen, nothing.
    /// </param>
    /// <returns>Whether all has been written.</returns>
    /// <exception cref="NotSupportedException">The machine keeps fingerprints; use <see cref="TryWritePage"/>.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source, out Access access)
    {
        AccessNote note = default;
        return Report(
            Write(ref address, source, ref note), address, note, out access);
    }

    /// <summary>Accesses a page without moving a byte: the page is faulted in, and marked as used.</summary>
    /// <param name="address">An address in the page.</param>
    /// <param name="kind">Read or write.</param>
    /// <param name="access">What happened.</param>
    /// <returns>Whether the access is permitted.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is none of its values.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public bool TryTouch(ulong address, AccessKind kind, out Access access)
    {
        if (kind > AccessKind.Write)
        {
            Throw.OutOfRange(nameof(kind), kind, "Read or Write");
        }

        AccessNote note = default;
        FaultKind fault = kind == AccessKind.Write ? FaultKind.Write : FaultKind.Read;
        AddressSpace space = Enter().Space;
        MemoryStatus status = Begin(space, address >> _pageShift, fault, ref note, out _);
        if (status == MemoryStatus.Done)
        {
            _tlb.End();
        }

        return Report(status, address, note, out access);
    }

    /// <summary>Writes a whole page by content number: the same number means the same bytes everywhere.</summary>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Content number; 0 is all zeroes.</param>
    /// <exception cref="ArgumentException">The address is not that of a page.</exception>
    /// <exception cref="SegmentationFaultException">The page is not mapped or may not be written.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public void WritePage(ulong address, ulong content)
    {
        AccessNote note = default;
        Failures.Check(WritePage(address, content, ref note), nameof(WritePage), address);
    }

    /// <summary>Writes a whole page by content number.</summary>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Content number; 0 is all zeroes.</param>
    /// <param name="access">What happened.</param>
    /// <returns>Whether it has been written.</returns>
    /// <exception cref="ArgumentException">The address is not that of a page.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public bool TryWritePage(ulong address, ulong content, out Access access)
    {
        AccessNote note = default;
        MemoryStatus status = WritePage(address, content, ref note);
        return Report(status, status == MemoryStatus.Done ? address + (1UL << _pageShift) : address, note, out access);
    }

    /// <summary>Reads what the machine keeps of a whole page.</summary>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Receives the content; one content size long.</param>
    /// <exception cref="ArgumentException">The address is not that of a page, or the length is not the content size.</exception>
    /// <exception cref="SegmentationFaultException">The page is not mapped or may not be read.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public void ReadPage(ulong address, Span<byte> content)
    {
        AccessNote note = default;
        Failures.Check(ReadPage(address, content, ref note), nameof(ReadPage), address);
    }

    /// <summary>Reads what the machine keeps of a whole page.</summary>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Receives the content; one content size long.</param>
    /// <param name="access">What happened.</param>
    /// <returns>Whether it has been read.</returns>
    /// <exception cref="ArgumentException">The address is not that of a page, or the length is not the content size.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public bool TryReadPage(ulong address, Span<byte> content, out Access access)
    {
        AccessNote note = default;
        MemoryStatus status = ReadPage(address, content, ref note);
        return Report(status, status == MemoryStatus.Done ? address + (1UL << _pageShift) : address, note, out access);
    }

    // An access within one page that the first-level TLB serves, which most are: no address is passed by reference, no note taken.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReadHit(ulong address, Span<byte> destination)
    {
        AddressSpace space = EnterForBytes().Space;
        uint offset = (uint)address & _offsetMask;
        if (destination.Length == 0 || offset + (ulong)(uint)destination.Length > _offsetMask + 1UL
            || !_tlb.TryBegin(address >> _pageShift, writes: false, out Pfn frame))
        {
            return false;
        }

        if (OracleSwitch.IsOn)
        {
            CheckHit(space, address >> _pageShift, frame);
        }

        _frames.Content(frame).Slice((int)offset, destination.Length).CopyTo(destination);
        _tlb.End();
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryWriteHit(ulong address, ReadOnlySpan<byte> source)
    {
        AddressSpace space = EnterForBytes().Space;
        uint offset = (uint)address & _offsetMask;
        if (source.Length == 0 || offset + (ulong)(uint)source.Length > _offsetMask + 1UL
            || !_tlb.TryBegin(address >> _pageShift, writes: true, out Pfn frame))
        {
            return false;
        }

        if (OracleSwitch.IsOn)
        {
            CheckHit(space, address >> _pageShift, frame);
        }

        source.CopyTo(_frames.Content(frame).Slice((int)offset));
        _tlb.End();
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReadSlowly(ulong address, Span<byte> destination)
    {
        AccessNote note = default;
        Failures.Check(Read(ref address, destination, ref note), nameof(Read), address);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteSlowly(ulong address, ReadOnlySpan<byte> source)
    {
        AccessNote note = default;
        Failures.Check(Write(ref address, source, ref note), nameof(Write), address);
    }

    // In each of these the address is left at the first byte that was not accessed.
    private MemoryStatus Read(ref ulong address, Span<byte> destination, ref AccessNote note)
    {
        AddressSpace space = EnterForBytes().Space;
        MemoryStatus status = MemoryStatus.Done;
        while (!destination.IsEmpty)
        {
            (ulong page, int offset, int length) = Split(address, destination.Length);
            status = Begin(space, page, FaultKind.Read, ref note, out Pfn frame);
            if (status != MemoryStatus.Done)
            {
                break;
            }

            _frames.Content(frame).Slice(offset, length).CopyTo(destination);
            _tlb.End();

            destination = destination[length..];
            address += (uint)length;
        }

        return status;
    }

    private MemoryStatus Write(ref ulong address, ReadOnlySpan<byte> source, ref AccessNote note)
    {
        AddressSpace space = EnterForBytes().Space;
        MemoryStatus status = Foresee(space, ref address, source.Length, FaultKind.Write, ref note);
        while (status == MemoryStatus.Done && !source.IsEmpty)
        {
            (ulong page, int offset, int length) = Split(address, source.Length);
            status = Begin(space, page, FaultKind.Write, ref note, out Pfn frame);
            if (status == MemoryStatus.Done)
            {
                source[..length].CopyTo(_frames.Content(frame)[offset..]);
                _tlb.End();
                source = source[length..];
                address += (uint)length;
            }
        }

        return status;
    }

    private MemoryStatus ForceWrite(
        AddressSpace space, ref ulong address, ReadOnlySpan<byte> source, ref AccessNote note)
    {
        MemoryStatus status = Foresee(space, ref address, source.Length, FaultKind.ForcedWrite, ref note);
        while (status == MemoryStatus.Done && !source.IsEmpty)
        {
            (ulong page, int offset, int length) = Split(address, source.Length);
            status = PageAccess.ForceWrite(space, Number, page, offset, source[..length], ref note);
            if (status == MemoryStatus.Done)
            {
                source = source[length..];
                address += (uint)length;
            }
        }

        return status;
    }

    // What can be foreseen of a write to several pages fails here, before its first byte is written.
    private MemoryStatus Foresee(AddressSpace space, ref ulong address, int length, FaultKind kind, ref AccessNote note)
    {
        if (Split(address, length).Length == length)
        {
            return MemoryStatus.Done;
        }

        ulong lastPage = (address + (ulong)(length - 1)) >> _pageShift;
        for (ulong page = address >> _pageShift; page <= lastPage; page++)
        {
            MemoryStatus foreseen = PageAccess.Prepare(space, Number, page, kind, ref note);
            if (foreseen != MemoryStatus.Done)
            {
                address = Math.Max(address, page << _pageShift);
                return foreseen;
            }
        }

        return MemoryStatus.Done;
    }

    // Begins an access to a page of the process that runs; when done, End of the TLB ends it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private MemoryStatus Begin(AddressSpace space, ulong page, FaultKind kind, ref AccessNote note, out Pfn frame)
    {
        if (_tlb.TryBegin(page, kind == FaultKind.Write, out frame))
        {
            if (OracleSwitch.IsOn)
            {
                CheckHit(space, page, frame);
            }

            note.Frame = frame;
            return MemoryStatus.Done;
        }

        return PageAccess.Begin(space, _tlb, page, kind, ref note, out frame);
    }

    // I1: what a TLB leads to is in use, and this thread owes no flush for it.
    private void CheckHit(AddressSpace space, ulong page, Pfn frame)
    {
        _machine.Store.Oracle?.Accessed(space.Id, page);
        if (_frames.HolderOf(frame).References == 0)
        {
            _machine.Store.Oracle?.FreeFrameReached(space.Id, page, frame);
        }
    }

    private MemoryStatus WritePage(ulong address, ulong content, ref AccessNote note)
    {
        ulong page = _machine.Arguments.Aligned(address, nameof(address));
        AddressSpace space = Enter().Space;
        MemoryStatus status = Begin(space, page, FaultKind.Write, ref note, out Pfn frame);
        if (status == MemoryStatus.Done)
        {
            PageContent.Fill(_frames.Content(frame), content);
            _tlb.End();
        }

        return status;
    }

    private MemoryStatus ReadPage(ulong address, Span<byte> content, ref AccessNote note)
    {
        ulong page = _machine.Arguments.Aligned(address, nameof(address));
        AddressSpace space = Enter().Space;
        if (content.Length != _machine.Options.ContentSize)
        {
            Throw.LengthsDiffer(nameof(content), _machine.Options.ContentSize, content.Length);
        }

        MemoryStatus status = Begin(space, page, FaultKind.Read, ref note, out Pfn frame);
        if (status == MemoryStatus.Done)
        {
            _frames.Content(frame).CopyTo(content);
            _tlb.End();
        }

        return status;
    }

    private static bool Report(MemoryStatus status, ulong address, in AccessNote note, out Access access)
    {
        access = new Access
        {
            Status = status switch
            {
                MemoryStatus.Done => AccessStatus.Done,
                MemoryStatus.NotMapped => AccessStatus.NotMapped,
                MemoryStatus.NotPermitted => AccessStatus.NotPermitted,
                MemoryStatus.OutOfFrames => AccessStatus.OutOfFrames,
                _ => AccessStatus.OutOfNativeMemory,
            },
            Address = address,
            Frame = note.Frame,
            Fault = note.Fault,
            Faults = note.Faults,
            Cycles = note.Cycles,
        };
        return status == MemoryStatus.Done;
    }

    private ProcessRecord EnterForBytes()
    {
        ProcessRecord running = Enter();
        if (!_machine.KeepsBytes)
        {
            ThrowKeepsFingerprints();
        }

        return running;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowKeepsFingerprints() => throw new NotSupportedException(
        "This machine keeps fingerprints (MachineOptions.Content): pages are read and written whole.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (ulong Page, int Offset, int Length) Split(ulong address, int length)
    {
        int offset = (int)(address & ((1UL << _pageShift) - 1));
        return (address >> _pageShift, offset, Math.Min(length, (1 << _pageShift) - offset));
    }
}
