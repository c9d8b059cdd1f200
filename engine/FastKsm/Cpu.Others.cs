using System;
using System.Collections.Generic;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm;

/// <content>What the kernel does on this CPU to the memory of any process: it need not run it, nor any other.</content>
/// <remarks>An idle CPU is driven by the calling thread for the length of the call.</remarks>
public sealed partial class Cpu
{
    /// <summary>Writes bytes in spite of the protection, as a debugger does; private pages are copied first.</summary>
    /// <remarks>What <see cref="Write(ulong, ReadOnlySpan{byte})"/> says about several pages holds here too.</remarks>
    /// <param name="process">Whose memory.</param>
    /// <param name="address">First address.</param>
    /// <param name="source">The bytes.</param>
    /// <exception cref="ArgumentException">The process is another machine's.</exception>
    /// <exception cref="SegmentationFaultException">A page is not mapped, or is shared and may not be written.</exception>
    /// <exception cref="NotSupportedException">The machine keeps fingerprints.</exception>
    /// <exception cref="OutOfFramesException">No frame is free.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for page tables.</exception>
    /// <exception cref="InvalidOperationException">The process has exited, or another thread drives this CPU.</exception>
    public void ForceWrite(ModelProcess process, ulong address, ReadOnlySpan<byte> source)
    {
        _ = RecordOf(process);
        if (!_machine.KeepsBytes)
        {
            ThrowKeepsFingerprints();
        }

        bool becomesDriver = BeginTurn();
        try
        {
            using SpaceUse use = process.Use();
            AccessNote note = default;
            MemoryStatus status = ForceWrite(use.Space, ref address, source, ref note);
            Failures.Check(status, nameof(ForceWrite), address);
        }
        finally
        {
            EndTurn(becomesDriver);
        }
    }

    /// <summary>
    /// Moves the frames of a range's anonymous pages elsewhere, also those that other processes map (as move_pages with
    /// MPOL_MF_MOVE_ALL).
    /// </summary>
    /// <param name="process">Whose range.</param>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <param name="node">
    /// Where to: a NUMA node, on which frames that are there already stay; null for any frame.
    /// </param>
    /// <returns>
    /// Number of frames moved. Those that are borrowed, or that another CPU works on, stay where they are.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A value is not whole pages, or outside the address space or machine; the process is another machine's.
    /// </exception>
    /// <exception cref="OutOfFramesException">No frame is free; those before have moved.</exception>
    /// <exception cref="InvalidOperationException">The process has exited, or another thread drives this CPU.</exception>
    public long Migrate(ModelProcess process, ulong address, ulong length, int? node = null)
    {
        _ = RecordOf(process);
        if (node is { } number && (number < 0 || number >= _machine.Options.Nodes))
        {
            Throw.OutOfRange(nameof(node), number, $"a node from 0 to {_machine.Options.Nodes - 1}");
        }

        (ulong start, ulong end) = _machine.Arguments.Range(address, length);
        bool becomesDriver = BeginTurn();
        HashSet<Pfn> arrived = _machine.FrameSets.Get();
        try
        {
            using SpaceUse use = process.Use();
            return MigrateEach(use.Space, start, end, node, arrived);
        }
        finally
        {
            arrived.Clear();
            _machine.FrameSets.Return(arrived);
            EndTurn(becomesDriver);
        }
    }

    /// <summary>
    /// Pages the anonymous pages of a range out, also those that other processes map, as memory pressure does.
    /// </summary>
    /// <param name="process">Whose range.</param>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <returns>Number of frames given up. Those that are locked or borrowed stay.</returns>
    /// <exception cref="ArgumentException">
    /// A value is not whole pages, or outside the address space; the process is another machine's.
    /// </exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for the pages; those before are paged out.</exception>
    /// <exception cref="InvalidOperationException">The process has exited, or another thread drives this CPU.</exception>
    public long PageOut(ModelProcess process, ulong address, ulong length)
    {
        _ = RecordOf(process);
        (ulong start, ulong end) = _machine.Arguments.Range(address, length);
        bool becomesDriver = BeginTurn();
        try
        {
            using SpaceUse use = process.Use();
            return PageOutEach(use.Space, start, end, aloneOnly: false);
        }
        finally
        {
            EndTurn(becomesDriver);
        }
    }

    // Up to so many frames at a time move behind one flush. Several pages of the range may map one frame, which moves once.
    private long MigrateEach(
        AddressSpace space, ulong start, ulong end, int? node, HashSet<Pfn> arrived)
    {
        Span<Pfn> frames = stackalloc Pfn[FrameMigrator.MostAtOnce];
        long moved = 0;
        int count = 0;
        for (ulong page = start; page < end; page++)
        {
            Pfn frame = PageMerge.BorrowAnonymous(space, page);
            if (frame.IsSome)
            {
                // A huge page is taken apart while this is the only reference to any of its frames.
                bool moves = _machine.Store.Frames.Layout.NodeOf(frame.Number) != node && arrived.Add(frame)
                    && _machine.Migrator.TryTakeApart(Number, frame);
                if (!moves)
                {
                    _machine.Store.Frames.Release(Number, frame);
                }
                else
                {
                    frames[count++] = frame;
                }
            }

            if (count == frames.Length || (page == end - 1 && count != 0))
            {
                MigrateAll(frames[..count], node, arrived, page, ref moved);
                count = 0;
            }
        }

        return moved;
    }

    private void MigrateAll(Span<Pfn> frames, int? node, HashSet<Pfn> arrived, ulong page, ref long moved)
    {
        Span<bool> left = stackalloc bool[frames.Length];
        MemoryStatus status = _machine.Migrator.MigrateAll(Number, frames, node ?? -1, left, out int some);
        moved += some;
        if (status == MemoryStatus.Done)
        {
            moved += _machine.Migrator.MigrateLeft(Number, frames, node ?? -1, left);
        }

        foreach (Pfn frame in frames)
        {
            _ = arrived.Add(frame);
            _machine.Store.Frames.Release(Number, frame);
        }

        if (status == MemoryStatus.OutOfFrames)
        {
            Failures.Throw(status, nameof(Migrate), page << _pageShift);
        }
    }

    private long PageOutEach(AddressSpace space, ulong start, ulong end, bool aloneOnly)
    {
        long gone = 0;
        for (ulong page = start; page < end; page++)
        {
            Pfn frame = PageMerge.BorrowAnonymous(space, page);
            if (!frame.IsSome)
            {
                continue;
            }

            MemoryStatus status = aloneOnly && _machine.Store.Frames.MapCountOf(frame) != 1
                ? MemoryStatus.Busy
                : _machine.Pager.TryPageOut(Number, frame);
            _machine.Store.Frames.Release(Number, frame);
            if (status == MemoryStatus.OutOfNativeMemory)
            {
                Failures.Throw(status, nameof(PageOut), page << _pageShift);
            }

            gone += status == MemoryStatus.Done ? 1 : 0;
        }

        return gone;
    }
}
