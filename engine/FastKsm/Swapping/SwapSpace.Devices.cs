using System;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Swapping.Backends;

namespace FastKsm.Swapping;

/// <summary>Swap: devices, the slots on them, how many entries name each, and the folios in the swap cache.</summary>
/// <typeparam name="TLayout">How clusters and entries are stored.</typeparam>
/// <typeparam name="TFolios">The folios.</typeparam>
/// <remarks>
/// See the README for the structures, the locks and what may be relied on. Thread safety: all members may be called
/// concurrently, mounting and
/// unmounting one at a time; who names an entry has something that keeps its slot in use, or only looks.
/// </remarks>
internal sealed partial class SwapSpace<TLayout, TFolios> : SwapSpace
    where TLayout : struct, ISwapLayout<TLayout>
    where TFolios : struct, ISwapFolios
{
    private const int FirstDefaultPriority = -1;

    private readonly SwapOptions _options;
    private readonly AllocationFaults _faults;
    private readonly SwapRegistry<TLayout> _registry = new();
    private readonly SwapCacheColumn _column;
    private readonly SwapCache<TLayout, TFolios> _cache;
    private readonly SwapAllocator<TLayout, TFolios> _allocator;
    private int _leastPriority = FirstDefaultPriority;

    /// <param name="options">What it is made for.</param>
    /// <param name="folios">The folios.</param>
    /// <param name="faults">Asked whenever something is allocated.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal SwapSpace(SwapOptions options, TFolios folios, AllocationFaults faults)
        : base(new SwapGroups(options.Scope, TLayout.Groups))
    {
        long most = long.Min(TLayout.Frames, uint.MaxValue - options.FirstFrame);
        if (options.Frames == 0 || options.Frames > most)
        {
            Throw.OutOfRange(nameof(options), options.Frames, $"1 to {most} frames ({TLayout.Name} layout)");
        }

        if (options.Cpus < 1)
        {
            Throw.OutOfRange(nameof(options), options.Cpus, "at least one CPU");
        }

        _options = options;
        _faults = faults;
        _column = new SwapCacheColumn(options.FirstFrame, options.Frames, faults);
        _cache = new SwapCache<TLayout, TFolios>(_registry, _column, Groups, folios);
        _allocator = new SwapAllocator<TLayout, TFolios>(options, _registry, _cache, _column, Groups, folios);
    }

    /// <inheritdoc/>
    internal override SwapStatus TryMount(
        SwapBackend backend, SwapDeviceOptions options, out int number, out string? fault)
    {
        number = _registry.FreeNumber();
        SwapStatus status = Check(backend, options, number, out SwapHeader header, out fault);
        if (status != SwapStatus.Done)
        {
            return status;
        }

        int priority = options.Priority
            ?? (_options.Era == SwapEra.Phase4 ? FirstDefaultPriority : _leastPriority - 1);
        int shares = _options.KeepsClustersApart ? int.Min(_options.Cpus, ClusterLists.MostShares) : 1;
        SwapDevice<TLayout> device;
        try
        {
            LayoutSettings settings = new(header.LastPage + 1, _options.Scope, _options.FirstFrame, _options.Prefault);
#pragma warning disable CA2000 // The registry owns it.
            device = new SwapDevice<TLayout>(number, backend, header, options, priority, settings, shares, Groups, _faults);
#pragma warning restore CA2000
        }
        catch (OutOfNativeMemoryException exception)
        {
            fault = exception.Message;
            return SwapStatus.OutOfNativeMemory;
        }

        if (options.Priority is null && _options.Era == SwapEra.Linux618)
        {
            _leastPriority = priority;
        }

        if (options.DiscardsAtMount)
        {
            backend.Discard(1, header.LastPage);
        }

        _registry.Publish(device);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override SwapStatus BeginUnmount(int number)
    {
        if (_registry[number] is not { IsWritable: true } device)
        {
            return SwapStatus.Invalid;
        }

        _registry.Retire(device);
        device.PassAllClusters();
        _allocator.Forget(number);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override SwapStatus CancelUnmount(int number)
    {
        if (_registry[number] is not { IsWritable: false } device)
        {
            return SwapStatus.Invalid;
        }

        _registry.Publish(device);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override SwapStatus FinishUnmount(int number)
    {
        if (_registry[number] is not { IsWritable: false } device)
        {
            return SwapStatus.Invalid;
        }

        if (device.InUse != 0)
        {
            return SwapStatus.Busy;
        }

        // An allocation that began before may still look at it.
        _allocator.Forget(number);
        _registry.Remove(device);
        if (device.Options.Priority is null && _options.Era == SwapEra.Linux618)
        {
            MoveUp(device.Priority);
        }

        device.Dispose();
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override bool TryNextInUse(int number, uint from, out SwapEntry entry)
    {
        entry = SwapEntry.None;
        SwapDevice<TLayout> device = _registry[number]!;
        for (uint offset = uint.Max(from, 1); offset < device.Max; offset++)
        {
            SwapEntry at = new(number, offset);
            if (!device.MayHaveTable(at.Cluster))
            {
                offset |= SwapLimits.ClusterSlots - 1;
            }
            else if (device.Layout.ReadShared(at.Cluster, at.Position).Kind is SlotKind.Cached or SlotKind.Shadow)
            {
                entry = at;
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    internal override SwapFootprint Measure()
    {
        SwapFootprint sum = default;
        for (int number = 0; number < SwapLimits.MaxDevices; number++)
        {
            if (_registry[number] is { } device)
            {
                sum = sum.Plus(device.Layout.Measure());
            }
        }

        return sum;
    }

    /// <inheritdoc/>
    internal override SwapDevice? Device(int number) => _registry[number];

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        for (int number = 0; number < SwapLimits.MaxDevices; number++)
        {
            _registry[number]?.Dispose();
        }

        _column.Dispose();
    }

    // Linux 6.18: the devices behind one that goes move up, so that the next one still comes behind them all. Their order stays.
    private void MoveUp(int priority)
    {
        _leastPriority++;
        for (int number = 0; number < SwapLimits.MaxDevices; number++)
        {
            if (_registry[number] is { } other && other.Priority < priority)
            {
                other.Priority++;
            }
        }
    }

    private SwapStatus Check(
        SwapBackend backend, SwapDeviceOptions options, int number, out SwapHeader header, out string? fault)
    {
        Span<byte> page = stackalloc byte[SwapHeader.Bytes];
        SwapHeader.TryRead(new byte[SwapHeader.Bytes], 0, _options.Era, out header, out _);
        for (int other = 0; other < SwapLimits.MaxDevices; other++)
        {
            if (_registry[other] is { } device && ReferenceEquals(device.Backend, backend))
            {
                fault = "the device is mounted already.";
                return SwapStatus.Busy;
            }
        }

        fault = number < 0 ? $"there are {SwapLimits.MaxDevices} devices already, which is the most."
            : options.Priority is < 0 or > SwapLimits.MaxPriority
                ? $"priority {options.Priority} is not from 0 to {SwapLimits.MaxPriority}."
            : options.Tier is < 0 or >= SwapLimits.Tiers
                ? $"tier {options.Tier} is not from 0 to {SwapLimits.Tiers - 1}."
            : options is { IsPlainFile: true, HasHoles: true } ? "the swap file has holes."
            : backend.Slots is < 2 or > SwapLimits.MaxSlots
                ? $"the device has {backend.Slots} pages; swap takes 2 to {SwapLimits.MaxSlots}."
            : !backend.TryReadHeader(page) ? "the device's first page cannot be read."
            : null;
        if (fault is null && SwapHeader.TryRead(page, backend.Slots, _options.Era, out header, out fault))
        {
            fault = header.BadPages.Length != 0 && options.IsPlainFile
                    ? "the swap area lists bad pages, which a file has none of."
                : header.BadPages.Length >= header.LastPage ? "the swap area has no page that is not bad."
                : null;
        }

        return fault is null ? SwapStatus.Done : SwapStatus.Invalid;
    }
}
