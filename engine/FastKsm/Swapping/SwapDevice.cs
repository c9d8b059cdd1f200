using System;
using System.Threading;
using FastKsm.Swapping.Backends;

namespace FastKsm.Swapping;

/// <summary>A swap device, whatever its layout: its numbers, and a look at its tables for checks and figures.</summary>
/// <remarks>Thread safety: the numbers may be read concurrently; the looks are for a device at rest.</remarks>
internal abstract class SwapDevice : IDisposable
{
    private readonly SlotCount _slots = new();
    private int _isWritable;
    private int _isOffList;

    /// <param name="number">Its number; Linux's type.</param>
    /// <param name="backend">Where contents are kept; disposed with the device.</param>
    /// <param name="header">Size and bad pages.</param>
    /// <param name="options">What it is like.</param>
    /// <param name="priority">Its priority.</param>
    private protected SwapDevice(
        int number, SwapBackend backend, SwapHeader header, SwapDeviceOptions options, int priority)
    {
        Number = number;
        Backend = backend;
        Options = options;
        Priority = priority;
        Max = header.LastPage + 1;

        // Linux 6.18 takes a bad page off the size each time that it is listed.
        Pages = (int)header.LastPage - header.BadPages.Length;
    }

    /// <summary>Its number; Linux's type.</summary>
    internal int Number { get; }

    /// <summary>Where contents are kept.</summary>
    internal SwapBackend Backend { get; }

    /// <summary>What it is like.</summary>
    internal SwapDeviceOptions Options { get; }

    /// <summary>Its priority: higher ones are filled first.</summary>
    internal int Priority { get; set; }

    /// <summary>Slots, the header's among them.</summary>
    internal uint Max { get; }

    /// <summary>Slots that can be used.</summary>
    internal int Pages { get; }

    /// <summary>Slots in use.</summary>
    internal int InUse => _slots.Exact;

    /// <summary>Slots in use, give or take <see cref="SlotCount.Slack"/>.</summary>
    internal int AboutInUse => _slots.Estimate;

    /// <summary>Whether no slot is left.</summary>
    internal bool IsFull => _slots.Estimate >= Pages - SlotCount.Slack && _slots.Exact >= Pages;

    /// <summary>Of a disk that turns: where each order goes on, for all CPUs. Guarded by
    /// <see cref="SharedLatch"/>.</summary>
    internal uint[] SharedNext { get; } = new uint[SwapLimits.Orders];

    /// <summary>Taken around a whole allocation on a disk that turns.</summary>
    internal int SharedLatch;

    /// <summary>Whether slots may be allocated.</summary>
    internal bool IsWritable
    {
        get => Volatile.Read(ref _isWritable) != 0;
        set => Volatile.Write(ref _isWritable, value ? 1 : 0);
    }

    /// <summary>Whether it has left the list of devices to allocate from, because it is full.</summary>
    internal bool IsOffList
    {
        get => Volatile.Read(ref _isOffList) != 0;
        set => Volatile.Write(ref _isOffList, value ? 1 : 0);
    }

    /// <summary>Clusters, the last one perhaps cut off.</summary>
    internal abstract uint Clusters { get; }

    /// <summary>Largest count that an entry of its layout holds by itself.</summary>
    internal abstract int InlineLimit { get; }

    /// <summary>Counts slots in or out of use.</summary>
    /// <remarks>Afterwards the registry is to be asked for <c>AfterCounting</c>, when the cluster's lock has been
    /// given back.</remarks>
    internal void AddInUse(int slots) => _slots.Add(slots);

    /// <summary>A slot's entry.</summary>
    internal abstract SlotState Read(uint cluster, int position);

    /// <summary>Slots in use in a cluster, bad ones among them.</summary>
    internal abstract int UsedIn(uint cluster);

    /// <summary>Whether a cluster has an overflow table.</summary>
    internal abstract bool HasOverflow(uint cluster);

    /// <summary>Clusters on a list.</summary>
    internal abstract int CountOf(int list);

    /// <summary>Bytes of its metadata.</summary>
    internal abstract SwapFootprint Measure();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives everything back.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Backend.Dispose();
        }
    }
}
