using System;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;

namespace FastKsm;

/// <summary>The tables of one swap device, without a machine and without contents: to measure what a layout
/// takes.</summary>
/// <remarks>
/// Slots are given out as Linux's allocator gives them out to one CPU, each as a page that has been swapped out, is
/// named by one
/// swap entry and charged to one memory cgroup. Thread safety: one thread at a time.
/// </remarks>
public sealed class SwapTables : IDisposable
{
    private const int Batch = 64;
    private const int Device = 0;
    private const ushort Group = 1;

    private readonly SwapSpace _space;
    private readonly AllocationFaults _faults = new();
    private readonly Pfn[] _frames = new Pfn[Batch];
    private readonly SwapEntry[] _entries = new SwapEntry[Batch];

    /// <summary>Mounts a device.</summary>
    /// <param name="layout">How its tables are stored.</param>
    /// <param name="slots">Its size in pages, the header's among them: 2 to 2^30.</param>
    /// <param name="prefault">
    /// Whether arrays that Linux makes at mounting are backed with memory at once, as the kernel's are; else when they
    /// are first used.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The layout or the size is out of its range.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for the tables.</exception>
    public SwapTables(SwapLayoutKind layout, long slots, bool prefault = false)
    {
        if (slots is < 2 or > SwapLimits.MaxSlots)
        {
            Throw.OutOfRange(nameof(slots), slots, $"2 to {SwapLimits.MaxSlots} slots");
        }

        SwapOptions options = new() { Scope = GroupScope.V1, Frames = Batch, Prefault = prefault };
        switch (layout)
        {
            case SwapLayoutKind.Legacy:
                _space = new SwapSpace<LegacyLayout, NoFolios>(options, default, _faults);
                break;
            case SwapLayoutKind.Faithful:
                _space = new SwapSpace<FaithfulLayout, NoFolios>(options, default, _faults);
                break;
            case SwapLayoutKind.Compact:
                _space = new SwapSpace<CompactLayout, NoFolios>(options, default, _faults);
                break;
            default:
                Throw.OutOfRange(nameof(layout), layout, "a layout that there is");
                _space = null!;
                break;
        }

        for (int i = 0; i < Batch; i++)
        {
            _frames[i] = new Pfn(options.FirstFrame + (uint)i);
        }

        _ = _space.Groups.TryAdd(Group, new SwapGroup());
#pragma warning disable CA2000 // The device owns it.
        BlankBackend backend = new((uint)slots);
#pragma warning restore CA2000
        if (_space.TryMount(backend, new SwapDeviceOptions(), out _, out string? fault) != SwapStatus.Done)
        {
            backend.Dispose();
            _space.Dispose();
            throw new OutOfNativeMemoryException(fault!);
        }
    }

    /// <summary>Slots that can be used.</summary>
    public long Slots => _space.Device(Device)!.Pages;

    /// <summary>Slots in use.</summary>
    public long UsedSlots => _space.Device(Device)!.InUse;

    /// <summary>Swaps pages out.</summary>
    /// <param name="pages">How many; at least none.</param>
    /// <returns>How many there was room for.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for the tables; what had been swapped out
    /// before is.</exception>
    public long SwapOut(long pages)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pages);
        long done = 0;
        while (done < pages)
        {
            int wanted = (int)long.Min(Batch, pages - done);
            Span<SwapEntry> entries = _entries.AsSpan(0, wanted);
            SwapStatus status = _space.Allocate(0, _frames.AsSpan(0, wanted), 0, 0, entries, out int got);
            for (int i = 0; i < got; i++)
            {
                Require(_space.DuplicateCached(entries[i]));
                Require(_space.Drop(_frames[i], SwapShadow.None, Group));
            }

            done += got;
            if (status == SwapStatus.Full)
            {
                break;
            }

            Require(status);
        }

        return done;
    }

    /// <summary>Ends what is swapped out in a run of slots, as munmap does; the slots are free then.</summary>
    /// <param name="first">First slot; from 1 on.</param>
    /// <param name="count">Slots; at least none. All of them are in use.</param>
    /// <exception cref="ArgumentOutOfRangeException">The run is not on the device.</exception>
    /// <exception cref="ArgumentException">A slot is not in use; those of clusters before it are free now.</exception>
    public void Free(long first, long count)
    {
        long end = _space.Device(Device)!.Max;
        if (first < 1 || first > end)
        {
            Throw.OutOfRange(nameof(first), first, $"1 to {end}");
        }

        if (count < 0 || count > end - first)
        {
            Throw.OutOfRange(nameof(count), count, $"0 to {end - first} slots from {first} on");
        }

        if (_space.Put(new SwapEntry(Device, (uint)first), (int)count) != SwapStatus.Done)
        {
            throw new ArgumentException($"Slots {first} to {first + count - 1} are not all in use.", nameof(first));
        }
    }

    /// <summary>What the tables take now.</summary>
    public SwapTableUsage Measure()
    {
        SwapFootprint footprint = _space.Measure();
        return new(footprint.StaticReserved, footprint.StaticResident, footprint.DynamicUsed, footprint.DynamicResident);
    }

    /// <inheritdoc/>
    public void Dispose() => _space.Dispose();

    private static void Require(SwapStatus status)
    {
        if (status != SwapStatus.Done)
        {
            throw new OutOfNativeMemoryException("The host has no memory for a swap device's tables.");
        }
    }

    // Frames that stand for pages without content: nothing else knows them.
    private readonly struct NoFolios : ISwapFolios
    {
        public void AddReferences(Pfn head, int count)
        {
        }

        public void DropReferences(Pfn head, int count)
        {
        }

        public bool TryGet(Pfn head) => true;

        public bool TryLock(Pfn head) => false;

        public void Unlock(Pfn head)
        {
        }

        public bool IsUnderWriteback(Pfn head) => false;

        public bool IsMapped(Pfn head) => false;

        public void MarkDirty(Pfn head)
        {
        }
    }
}
