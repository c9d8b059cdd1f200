using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Swapping.Backends;

namespace FastKsm.Swapping;

/// <summary>A swap device: its clusters, which list each is on, and how many slots are in use.</summary>
/// <remarks>
/// Lists are FIFO: clusters are taken from the head and added at the tail. Where the layout is lazy, the clusters from
/// <c>Virgin</c> on that have no table are the head of the free list without being linked.
/// Thread safety: a cluster's lock guards the cluster, the latch here the lists; the order is cluster, latch, and so
/// who takes a cluster
/// from a list only tries its lock.
/// </remarks>
internal sealed partial class SwapDevice<TLayout> : SwapDevice
    where TLayout : struct, ISwapLayout<TLayout>
{
    private readonly SwapGroups _groups;
    private readonly uint _clusters;
    private readonly uint[] _badClusters;
    private readonly bool _freesLater;
    private readonly ListsState[] _shares;

    // Not readonly: every call on a readonly field of a type argument would copy the whole struct first.
    private TLayout _layout;

    /// <param name="number">Its number; Linux's type.</param>
    /// <param name="backend">Where contents are kept; disposed with the device.</param>
    /// <param name="header">Size and bad pages.</param>
    /// <param name="options">What it is like.</param>
    /// <param name="priority">Its priority.</param>
    /// <param name="settings">What the layout is made for.</param>
    /// <param name="shares">Shares of CPUs that keep to clusters of their own: 1 to 64.</param>
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
        int shares,
        SwapGroups groups,
        AllocationFaults faults)
        : base(number, backend, header, options, priority)
    {
        _groups = groups;
        _shares = new ListsState[shares];
        _freesLater = backend.FreesSlowly;
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
    internal ref TLayout Layout => ref _layout;

    /// <inheritdoc/>
    internal override uint Clusters => _clusters;

    /// <inheritdoc/>
    internal override int InlineLimit => TLayout.InlineLimit;

    /// <inheritdoc/>
    internal override SlotState Read(uint cluster, int position) =>
        _layout.HasTable(cluster) ? _layout.Read(cluster, position) : default;

    /// <inheritdoc/>
    internal override int UsedIn(uint cluster) => _layout.Head(cluster).Used;

    /// <inheritdoc/>
    internal override bool HasOverflow(uint cluster) => _layout.HasOverflow(cluster);

    /// <inheritdoc/>
    internal override int CountOf(int list)
    {
        int count = 0;
        foreach (ref ListsState share in _shares.AsSpan())
        {
            count += share.Lists[list].Count;
        }

        return count;
    }

    /// <summary>Clusters on a list of a share.</summary>
    internal int CountIn(int share, int list) => EndsOf(ClusterLists.In(share, list)).Count;

    /// <inheritdoc/>
    internal override SwapFootprint Measure() => _layout.Measure();

    /// <summary>Whether an allocation of an order may use a locked cluster.</summary>
    internal bool IsUsable(uint cluster, int order) =>
        _layout.HasTable(cluster)
        && _layout.Head(cluster).Flag <= ClusterFlag.Fragmented
        && (order == 0 || _layout.Head(cluster).Used == 0 || _layout.Head(cluster).Order == order);

    /// <summary>Takes the first cluster off a list whose lock is free; a free one gets its table.</summary>
    /// <param name="from">Whose list.</param>
    /// <param name="list">The list.</param>
    /// <param name="to">Whose the cluster is from now on.</param>
    /// <param name="cluster">The cluster, locked, on no list.</param>
    /// <param name="hasFailed">Set when the host has no memory for the table.</param>
    internal bool TryIsolate(int from, int list, int to, out uint cluster, ref bool hasFailed)
    {
        if (list != ClusterLists.Free || !TLayout.IsLazy || !TryTakeVirgin(out cluster))
        {
            if (!TryTakeLinked(ClusterLists.In(from, list), out cluster))
            {
                return false;
            }
        }

        ref ClusterHead record = ref _layout.Head(cluster);
        record.Share = to;
        if (list == ClusterLists.Free && !_layout.TryOpen(cluster))
        {
            MoveTo(cluster, ClusterLists.Free, ClusterFlag.Free);
            record.Exit();
            hasFailed = true;
            return false;
        }

        return true;
    }

    /// <summary>After an allocation has looked through a locked cluster.</summary>
    internal void Relocate(uint cluster)
    {
        int used = _layout.Head(cluster).Used;
        ClusterFlag flag = _layout.Head(cluster).Flag;
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
            MoveUnlessThere(cluster, ClusterLists.Fragmented(_layout.Head(cluster).Order), ClusterFlag.Fragmented);
        }
    }

    /// <summary>Makes slots of a locked cluster free; no swap entry names them, and they are not cached any
    /// more.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="position">First slot.</param>
    /// <param name="count">Slots.</param>
    /// <param name="later">Where the back end takes its time: these slots are added, and the caller hands them to
    /// <see cref="FinishFreeing"/> when it has given the lock back.</param>
    internal void FreeRun(uint cluster, int position, int count, ref SlotSet later)
    {
        UnchargeRun(cluster, position, count);
        if (_freesLater)
        {
            // Bad slots are neither allocated, nor counted, nor read in. So this thread alone touches them until the
            // back end is through, and none can be written again before its old content has gone.
            _layout.ClearGroup(cluster, position, count);
            for (int i = 0; i < count; i++)
            {
                _layout.Write(cluster, position + i, SlotState.Bad);
            }

            later.Add(position, count);
            return;
        }

        Backend.Free((cluster << SwapLimits.ClusterShift) + (uint)position, count);
        Release(cluster, position, count);
    }

    /// <summary>Tells a back end that takes its time of slots that no swap entry names any more, and then makes them free.
    /// Without the cluster's lock.</summary>
    internal void FinishFreeing(uint cluster, in SlotSet later)
    {
        if (!_freesLater)
        {
            return;
        }

        for (int from = 0; later.TryNextRun(from, out int position, out int count); from = position + count)
        {
            Backend.Free((cluster << SwapLimits.ClusterShift) + (uint)position, count);
            _layout.Head(cluster).Enter();
            Release(cluster, position, count);
            _layout.Head(cluster).Exit();
        }
    }

    /// <summary>Discards the clusters that wait for it.</summary>
    /// <returns>Whether there were any.</returns>
    internal bool FinishDiscards()
    {
        bool any = false;
        while (TryTakeLinked(ClusterLists.Discard, out uint cluster))
        {
            _layout.Head(cluster).Exit();
            Backend.Discard(cluster << SwapLimits.ClusterShift, SwapLimits.ClusterSlots);
            _layout.Head(cluster).Enter();
            MoveTo(cluster, ClusterLists.Free, ClusterFlag.Free);
            _layout.Head(cluster).Exit();
            any = true;
        }

        return any;
    }

    /// <summary>
    /// Waits until no thread holds a cluster: one that takes it from now on sees what the caller did before.
    /// </summary>
    internal void PassAllClusters()
    {
        for (uint cluster = 0; cluster < _clusters; cluster++)
        {
            if (MayHaveTable(cluster))
            {
                _layout.Head(cluster).Enter();
                _layout.Head(cluster).Exit();
            }
        }
    }

    /// <summary>Whether a cluster can have a table. Records of others are not even looked at, so that the host need
    /// not back them.</summary>
    internal bool MayHaveTable(uint cluster) =>
        (!TLayout.IsLazy || cluster < Volatile.Read(ref _shares[0].Virgin) || Array.BinarySearch(_badClusters, cluster) >= 0)
        && _layout.HasTable(cluster);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _layout.Dispose();
        base.Dispose(disposing);
    }

    private void Release(uint cluster, int position, int count)
    {
        ref ClusterHead record = ref _layout.Head(cluster);
        _layout.Clear(cluster, position, count);
        int used = record.Used - count;
        Debug.Assert(used >= 0, "More slots freed than were in use.");
        record.Used = used;

        // After the back end's cleaning up: swapoff goes by this number.
        AddInUse(-count);
        if (used == 0)
        {
            Empty(cluster);
            return;
        }

        _layout.Shrink(cluster, used);
        MoveUnlessThere(cluster, ClusterLists.NonFull(record.Order), ClusterFlag.NonFull);
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
        int used = _layout.Head(cluster).Used;
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
            _layout.Head(cluster).Used = used + 1;
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

            if (_layout.Head(bad).Flag == ClusterFlag.None)
            {
                bool isFull = _layout.Head(bad).Used == SwapLimits.ClusterSlots;
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
