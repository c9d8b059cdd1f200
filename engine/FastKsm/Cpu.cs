using System;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>A CPU: reads and writes the memory of processes.</summary>
/// <remarks>Thread safety: driven by one thread at a time; different CPUs may run at once.</remarks>
public sealed class Cpu
{
    private readonly Machine _machine;
    private readonly int _pageShift;

    internal Cpu(Machine machine, int number)
    {
        _machine = machine;
        _pageShift = machine.Options.PageShift;
        Number = number;
    }

    /// <summary>Number of the CPU, from 0.</summary>
    public int Number { get; }

    /// <summary>Reads bytes, faulting pages in.</summary>
    /// <param name="process">Whose memory.</param>
    /// <param name="address">First address.</param>
    /// <param name="destination">Where to; the whole of it is filled.</param>
    /// <exception cref="SegmentationFaultException">A page is not mapped or may not be read.</exception>
    /// <exception cref="NotSupportedException">The machine keeps fingerprints; use <see cref="ReadPage"/>.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    public void Read(Process process, ulong address, Span<byte> destination)
    {
        AddressSpace<MachineObserver> space = Enter(process, needsBytes: true);
        while (!destination.IsEmpty)
        {
            (ulong page, int offset, int length) = Split(address, destination.Length);
            Check(space.Read(Number, page, offset, destination[..length]), nameof(Read), address);
            destination = destination[length..];
            address += (uint)length;
        }
    }

    /// <summary>Writes bytes, faulting pages in.</summary>
    /// <remarks>
    /// All pages are faulted in before the first byte is written, so a page that is not mapped or may not be written when the
    /// call begins, or for which no frame is free, leaves all as it was. If another thread unmaps, protects or pages out a page
    /// meanwhile, the bytes before it have been written: the exception bears the address from which on none has.
    /// Bytes of different pages are not written at one moment.
    /// </remarks>
    /// <param name="process">Whose memory.</param>
    /// <param name="address">First address.</param>
    /// <param name="source">The bytes.</param>
    /// <exception cref="SegmentationFaultException">A page is not mapped or may not be written.</exception>
    /// <exception cref="NotSupportedException">The machine keeps fingerprints; use <see cref="WritePage"/>.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    public void Write(Process process, ulong address, ReadOnlySpan<byte> source) =>
        Write(process, address, source, FaultKind.Write);

    /// <summary>Writes bytes in spite of the protection, as a debugger does; private pages are copied first.</summary>
    /// <remarks>
    /// What <see cref="Write(Process, ulong, ReadOnlySpan{byte})"/> says about several pages holds here too.
    /// </remarks>
    /// <param name="process">Whose memory.</param>
    /// <param name="address">First address.</param>
    /// <param name="source">The bytes.</param>
    /// <exception cref="SegmentationFaultException">A page is not mapped, or is shared and may not be written.</exception>
    /// <exception cref="NotSupportedException">The machine keeps fingerprints.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    public void ForceWrite(Process process, ulong address, ReadOnlySpan<byte> source) =>
        Write(process, address, source, FaultKind.ForcedWrite);

    /// <summary>Writes a whole page by content number: the same number means the same bytes everywhere.</summary>
    /// <param name="process">Whose memory.</param>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Content number; 0 is all zeroes.</param>
    /// <exception cref="ArgumentException">The address is not that of a page.</exception>
    /// <exception cref="SegmentationFaultException">The page is not mapped or may not be written.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    public void WritePage(Process process, ulong address, ulong content)
    {
        AddressSpace<MachineObserver> space = Enter(process, needsBytes: false);
        Check(space.WriteContent(Number, PageAt(address), content), nameof(WritePage), address);
    }

    /// <summary>Reads what the machine keeps of a whole page.</summary>
    /// <param name="process">Whose memory.</param>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Receives the content; one content size long.</param>
    /// <exception cref="ArgumentException">The address is not that of a page, or the length is not the content size.</exception>
    /// <exception cref="SegmentationFaultException">The page is not mapped or may not be read.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    public void ReadPage(Process process, ulong address, Span<byte> content)
    {
        AddressSpace<MachineObserver> space = Enter(process, needsBytes: false);
        if (content.Length != _machine.Options.ContentSize)
        {
            Throw.LengthsDiffer(nameof(content), _machine.Options.ContentSize, content.Length);
        }

        Check(space.Read(Number, PageAt(address), 0, content), nameof(ReadPage), address);
    }

    private static void Check(MemoryStatus status, string operation, ulong address)
    {
        if (status != MemoryStatus.Done)
        {
            Failures.Throw(status, operation, address);
        }
    }

    private void Write(Process process, ulong address, ReadOnlySpan<byte> source, FaultKind kind)
    {
        AddressSpace<MachineObserver> space = Enter(process, needsBytes: true);
        if (Split(address, source.Length).Length < source.Length)
        {
            // What can be foreseen fails here, before the first byte of several pages is written.
            ulong lastPage = (address + (ulong)(source.Length - 1)) >> _pageShift;
            for (ulong page = address >> _pageShift; page <= lastPage; page++)
            {
                Check(space.Fault(Number, page, kind), nameof(Write), Math.Max(address, page << _pageShift));
            }
        }

        while (!source.IsEmpty)
        {
            (ulong page, int offset, int length) = Split(address, source.Length);
            Check(space.Write(Number, page, offset, source[..length], kind), nameof(Write), address);
            source = source[length..];
            address += (uint)length;
        }
    }

    private AddressSpace<MachineObserver> Enter(Process process, bool needsBytes)
    {
        ArgumentNullException.ThrowIfNull(process);
        if (needsBytes && _machine.Options.Content != FrameContent.Page)
        {
            throw new NotSupportedException(
                "This machine keeps fingerprints (MachineOptions.Content): pages are read and written whole.");
        }

        return process.SpaceOn(_machine);
    }

    private (ulong Page, int Offset, int Length) Split(ulong address, int length)
    {
        int offset = (int)(address & ((1UL << _pageShift) - 1));
        return (address >> _pageShift, offset, Math.Min(length, (1 << _pageShift) - offset));
    }

    private ulong PageAt(ulong address)
    {
        if ((address & ((1UL << _pageShift) - 1)) != 0)
        {
            Throw.NotPageAligned(nameof(address), address, 1UL << _pageShift);
        }

        return address >> _pageShift;
    }
}
