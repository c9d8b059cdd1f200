using System;
using System.Collections.Generic;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm;

/// <content>What the kernel does to the frames of a range: moving them and paging them out.</content>
public sealed partial class Process
{
    /// <summary>Moves the frames of a range's anonymous pages elsewhere, whoever else maps them (as move_pages with MPOL_MF_MOVE_ALL).</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <param name="node">Where to: a NUMA node, on which frames that are there already stay; null for any frame.</param>
    /// <returns>Number of frames moved. Those that somebody has borrowed, or works on, stay where they are.</returns>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space or machine.</exception>
    /// <exception cref="OutOfFramesException">No frame is free; those before have moved.</exception>
    public long Migrate(ulong address, ulong length, int? node = null)
    {
        if (node is { } number && (number < 0 || number >= _machine.Options.Nodes))
        {
            Throw.OutOfRange(nameof(node), number, $"a node from 0 to {_machine.Options.Nodes - 1}");
        }

        (ulong start, ulong end) = Span(address, length);
        AddressSpace<MachineObserver> space = Enter();
        HashSet<Pfn> arrived = [];
        long moved = 0;
        for (ulong page = start; page < end; page++)
        {
            Pfn frame = space.BorrowAnonymous(page);
            if (!frame.IsSome)
            {
                continue;
            }

            // Several pages of the range may map one frame, which moves once.
            MemoryStatus status = MemoryStatus.Busy;
            bool stays = arrived.Contains(frame) || _machine.Store.Frames.Layout.NodeOf(frame.Number) == node;
            if (!stays)
            {
                status = _machine.Migrator.TryMigrate(_cpu.Number, frame, node ?? -1, out frame);
                _ = arrived.Add(frame);
            }

            _machine.Store.Frames.Release(_cpu.Number, frame);
            if (status == MemoryStatus.OutOfFrames)
            {
                Failures.Throw(status, nameof(Migrate), page << _pageShift);
            }

            moved += status == MemoryStatus.Done ? 1 : 0;
        }

        return moved;
    }

    /// <summary>Pages the anonymous pages of a range out, whoever else maps them, as memory pressure does.</summary>
    /// <param name="address">First address.</param>
    /// <param name="length">Bytes; a positive number of whole pages.</param>
    /// <returns>Number of frames given up. Those that are locked, or that somebody has borrowed, stay.</returns>
    /// <exception cref="ArgumentException">A value is not whole pages, or outside the address space.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for the pages; those before are paged out.</exception>
    public long PageOut(ulong address, ulong length)
    {
        (ulong start, ulong end) = Span(address, length);
        return PageOutEach(start, end, aloneOnly: false);
    }

    private long PageOutEach(ulong start, ulong end, bool aloneOnly)
    {
        AddressSpace<MachineObserver> space = Enter();
        long gone = 0;
        for (ulong page = start; page < end; page++)
        {
            Pfn frame = space.BorrowAnonymous(page);
            if (!frame.IsSome)
            {
                continue;
            }

            MemoryStatus status = aloneOnly && _machine.Store.Frames.MapCountOf(frame) != 1
                ? MemoryStatus.Busy
                : _machine.Pager.TryPageOut(_cpu.Number, frame);
            _machine.Store.Frames.Release(_cpu.Number, frame);
            if (status == MemoryStatus.OutOfNativeMemory)
            {
                Failures.Throw(status, nameof(PageOut), page << _pageShift);
            }

            gone += status == MemoryStatus.Done ? 1 : 0;
        }

        return gone;
    }
}
