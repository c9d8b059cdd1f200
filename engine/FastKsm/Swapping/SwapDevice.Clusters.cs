using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Swapping.Backends;

namespace FastKsm.Swapping;

/// <summary>A swap device: its clusters, which list each is on, and how many slots are in use.</summary>
/// <remarks>
/// Lists are FIFO: clusters are taken from the head and added at the tail. Where the layout is lazy, the clusters from
/// <c>_virgin</c> on that have no table are the head of the free list without being linked.
/// Thread safety: a cluster's lock guards the cluster, the latch here the lists; the order is cluster, latch, and so
/// who takes a cluster
/// from a list only tries its lock.
/// </remarks>
internal sealed partial class SwapDevice<TLayout> : SwapDevice
    where TLayout : struct, ISwapLayout<TLayout>
{
    private readonly TLayout _layout;
    private readonly ClusterList[] _lists = new ClusterList[ClusterLists.Number];
    private readonly SwapGroups _groups;
    private readonly uint _clusters;
    private readonly uint[] _badClusters;
    private uint _virgin;
    private int _latch;

    /// <param name="number">Its number; Linux's type.</param>
    /// <param name="backend">Where contents are kept; disposed with the device.</param>
    /// <param name="header">Size and bad pages.</param>
    /// <param name="options">What it is like.</param>
    /// <param name="priority">Its priority.</param>
    /// <param name="settings">What the layout is made for.</param>
    /// <param name="groups">Who is charged.</param>
    /// <param name="faults">Asked whenever something is allocated.</param>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for the tables.</exception>
    internal SwapDevice(
        int number,
        SwapBackend backend,
        SwapHeader header,
        SwapDeviceOptions options,
        int priority,
        in LayoutSettings settings,
        SwapGroups groups,
        AllocationFaults faults)
        : base(number, backend, header, options, priority)
    {
        _groups = groups;
        _clusters = settings.Clusters;
        _layout = TLayout.Make(settings, faults);
        if (!TryMarkBad(header))
        {
            _layout.Dispose();
            throw new OutOfNativeMemoryException("The host has no memory for a swap device's bad pages.");
        }

        _badClusters = BadClusters(header);
        LinkAll();
    }

    /// <summary>The tables.</summary>
    internal ref readonly TLayout Layout => ref _layout;

    /// <inheritdoc/>
    internal override uint Clusters => _clusters;

    /// <inheritdoc/>
    internal override int InlineLimit => TLayout.InlineLimit;

    /// <inheritdoc/>
    internal override SlotState Read(uint cluster, int position) =>
        _layout.HasTable(cluster) ? _layout.Read(cluster, position) : default;

    /// <inheritdoc/>
    internal override int UsedIn(uint cluster) => _layout.Used(cluster);

    /// <inheritdoc/>
    internal override bool HasOverflow(uint cluster) => _layout.HasOverflow(cluster);

    /// <inheritdoc/>
    internal override int CountOf(int list) => _lists[list].Count;

    /// <inheritdoc/>
    internal override SwapFootprint Measure() => _layout.Measure();

    /// <summary>Whether an allocation of an order may use a locked cluster.</summary>
    internal bool IsUsable(uint cluster, int order) =>
        _layout.HasTable(cluster)
        && _layout.Flag(cluster) <= ClusterFlag.Fragmented
        && (order == 0 || _layout.Used(cluster) == 0 || _layout.Order(cluster) == order);

    /// <summary>Takes the first cluster off a list whose lock is free; a free one gets its table.</summary>
    /// <param name="list">The list.</param>
    /// <param name="cluster">The cluster, locked, on no list.</param>
    /// <param name="hasFailed">Set when the host has no memory for the table.</param>
    internal bool TryIsolate(int list, out uint cluster, ref bool hasFailed)
    {
        if (list != ClusterLists.Free || !TLayout.IsLazy || !TryTakeVirgin(out cluster))
        {
            if (!TryTakeLinked(list, out cluster))
            {
                return false;
            }
        }

        if (list == ClusterLists.Free && !_layout.TryOpen(cluster))
        {
            MoveTo(cluster, ClusterLists.Free, ClusterFlag.Free);
            _layout.Unlock(cluster);
            hasFailed = true;
            return false;
        }

        return true;
    }

    /// <summary>After an allocation has looked through a locked cluster.</summary>
    internal void Relocate(uint cluster)
    {
        int used = _layout.Used(cluster);
        ClusterFlag flag = _layout.Flag(cluster);
        if (used == 0)
        {
            if (flag is not (ClusterFlag.Free or ClusterFlag.Discard))
            {
                Empty(cluster);
            }
        }
        else if (used == SwapLimits.ClusterSlots)
        {
            MoveUnlessThere(cluster, ClusterLists.Full, ClusterFlag.Full);
        }
        else
        {
            MoveUnlessThere(cluster, ClusterLists.Fragmented(_layout.Order(cluster)), ClusterFlag.Fragmented);
        }
    }

    /// <summary>Makes slots of a locked cluster free; no swap entry names them, and they are not cached any
    /// more.</summary>
    internal void FreeRun(uint cluster, int position, int count)
    {
        UnchargeRun(cluster, position, count);
        Backend.Free((cluster << SwapLimits.ClusterShift) + (uint)position, count);
        _layout.Clear(cluster, position, count);
        int used = _layout.Used(cluster) - count;
        Debug.Assert(used >= 0, "More slots freed than were in use.");
        _layout.SetUsed(cluster, used);

        // After the back end's cleaning up: swapoff goes by this number.
        _ = AddInUse(-count);
        if (used == 0)
        {
            Empty(cluster);
            return;
        }

        _layout.Shrink(cluster, used);
        MoveUnlessThere(cluster, ClusterLists.NonFull(_layout.Order(cluster)), ClusterFlag.NonFull);
    }

    /// <summary>Discards the clusters that wait for it.</summary>
    /// <returns>Whether there were any.</returns>
    internal bool FinishDiscards()
    {
        bool any = false;
        while (TryTakeLinked(ClusterLists.Discard, out uint cluster))
        {
            _layout.Unlock(cluster);
            Backend.Discard(cluster << SwapLimits.ClusterShift, SwapLimits.ClusterSlots);
            _layout.Lock(cluster);
            MoveTo(cluster, ClusterLists.Free, ClusterFlag.Free);
            _layout.Unlock(cluster);
            any = true;
        }

        return any;
    }

    /// <summary>Waits until nobody holds a cluster: whoever does from now on sees what the caller did before.</summary>
    internal void PassAllClusters()
    {
        for (uint cluster = 0; cluster < _clusters; cluster++)
        {
            if (MayHaveTable(cluster))
            {
                _layout.Lock(cluster);
                _layout.Unlock(cluster);
            }
        }
    }

    /// <summary>Whether a cluster can have a table. Records of others are not even looked at, so that the host need
    /// not back them.</summary>
    internal bool MayHaveTable(uint cluster) =>
        (!TLayout.IsLazy || cluster < Volatile.Read(ref _virgin) || Array.BinarySearch(_badClusters, cluster) >= 0)
        && _layout.HasTable(cluster);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _layout.Dispose();
        base.Dispose(disposing);
    }

    private bool TryMarkBad(SwapHeader header)
    {
        bool done = TryMarkBad(0);
        foreach (uint page in header.BadPages)
        {
            done = done && TryMarkBad(page);
        }

        for (uint slot = Max; done && slot < (ulong)_clusters << SwapLimits.ClusterShift; slot++)
        {
            done = TryMarkBad(slot);
        }

        return done;
    }

    private bool TryMarkBad(uint slot)
    {
        uint cluster = slot >> SwapLimits.ClusterShift;
        int position = (int)(slot % SwapLimits.ClusterSlots);
        int used = _layout.Used(cluster);
        if (!_layout.HasTable(cluster) && !_layout.TryOpen(cluster))
        {
            return false;
        }

        if (_layout.IsFree(cluster, position, 1))
        {
            if (!_layout.TryReserve(cluster, used + 1))
            {
                return false;
            }

            _layout.Write(cluster, position, SlotState.Bad);
            _layout.SetUsed(cluster, used + 1);
        }

        return true;
    }

    private uint[] BadClusters(SwapHeader header)
    {
        uint[] clusters = new uint[header.BadPages.Length + 2];
        for (int i = 0; i < header.BadPages.Length; i++)
        {
            clusters[i] = header.BadPages[i] >> SwapLimits.ClusterShift;
        }

        clusters[^2] = Max % SwapLimits.ClusterSlots == 0 ? 0 : _clusters - 1;
        Array.Sort(clusters);
        return clusters;
    }

    private void LinkAll()
    {
        uint next = 0;
        foreach (uint bad in _badClusters)
        {
            for (; next < bad && !TLayout.IsLazy; next++)
            {
                MoveTo(next, ClusterLists.Free, ClusterFlag.Free);
            }

            if (_layout.Flag(bad) == ClusterFlag.None)
            {
                bool isFull = _layout.Used(bad) == SwapLimits.ClusterSlots;
                MoveTo(
                    bad,
                    isFull ? ClusterLists.Full : ClusterLists.NonFull(0),
                    isFull ? ClusterFlag.Full : ClusterFlag.NonFull);
                next = bad + 1;
            }
        }

        for (; next < _clusters && !TLayout.IsLazy; next++)
        {
            MoveTo(next, ClusterLists.Free, ClusterFlag.Free);
        }
    }

    private void UnchargeRun(uint cluster, int position, int count)
    {
        if (_groups.Scope == GroupScope.None)
        {
            return;
        }

        for (int done = 0; done < count;)
        {
            ushort group = _layout.Group(cluster, position + done);
            int run = 1;
            while (done + run < count && _layout.Group(cluster, position + done + run) == group)
            {
                run++;
            }

            if (group != 0)
            {
                _groups.Uncharge(group, run);
            }

            done += run;
        }
    }
}
