using System;
using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>Gives folios their slots: which device, which list, which cluster.</summary>
/// <typeparam name="TLayout">How clusters and entries are stored.</typeparam>
/// <typeparam name="TFolios">The folios.</typeparam>
/// <remarks>
/// Thread safety: all members may be called concurrently; one CPU's allocations wait for one another.
/// </remarks>
internal sealed class SwapAllocator<TLayout, TFolios>
    where TLayout : struct, ISwapLayout<TLayout>
    where TFolios : struct, ISwapFolios
{
    private readonly bool _takesLargeFolios;
    private readonly SwapRegistry<TLayout> _registry;
    private readonly SwapCache<TLayout, TFolios> _cache;
    private readonly SwapCacheColumn _column;
    private readonly SwapGroups _groups;
    private readonly ClusterSearch<TLayout, TFolios> _search;
    private readonly CpuCursor[] _cursors;

    /// <param name="options">What swap is made for.</param>
    /// <param name="registry">The devices.</param>
    /// <param name="cache">The swap cache, into which folios come with their slots.</param>
    /// <param name="column">Beside each folio in the cache its entry.</param>
    /// <param name="groups">Who is charged.</param>
    /// <param name="folios">The folios.</param>
    internal SwapAllocator(
        SwapOptions options,
        SwapRegistry<TLayout> registry,
        SwapCache<TLayout, TFolios> cache,
        SwapCacheColumn column,
        SwapGroups groups,
        TFolios folios)
    {
        _takesLargeFolios = options.LargeFolios;
        _registry = registry;
        _cache = cache;
        _column = column;
        _groups = groups;
        _search = new ClusterSearch<TLayout, TFolios>(registry, cache, column, groups, folios);
        _cursors = new CpuCursor[options.Cpus];
    }

    /// <summary>Where each CPU goes on; for checks at rest.</summary>
    internal ReadOnlySpan<CpuCursor> Cursors => _cursors;

    /// <inheritdoc cref="SwapSpace.Allocate(int, ReadOnlySpan{Pfn}, int, ushort, Span{SwapEntry}, out int)"/>
    internal SwapStatus Allocate(
        int cpu, ReadOnlySpan<Pfn> heads, int order, ushort group, Span<SwapEntry> entries, out int done)
    {
        done = 0;
        SwapStatus status = Check(heads, order, group);
        if (status != SwapStatus.Done)
        {
            return status;
        }

        AllocationRequest request = new() { Heads = heads, Entries = entries, Order = order, Group = group, Cpu = cpu };
        bool again;
        do
        {
            AllocateOnCpu(ref request);
            again = request.Filled is { } full && _registry.IsMoreThanHalfUsed && ReclaimFullClusters(full);
            request.Filled = null;
            again |= !request.IsDone && order == 0 && FinishDiscards();
        }
        while (!request.IsDone && again);

        done = request.Done;
        bool isCharged = group == 0 || _groups.Scope != GroupScope.V2 || TryCharge(ref request, out done);
        return !isCharged ? SwapStatus.OverLimit
            : request.IsDone ? SwapStatus.Done
            : request.HasFailed ? SwapStatus.OutOfNativeMemory
            : SwapStatus.Full;
    }

    /// <inheritdoc cref="SwapSpace.FinishDiscards"/>
    internal bool FinishDiscards()
    {
        bool any = false;
        for (int number = 0; number < SwapLimits.MaxDevices; number++)
        {
            any |= _registry[number]?.FinishDiscards() ?? false;
        }

        return any;
    }

    /// <summary>Sees to it that no CPU goes on at a device, nor is in an allocation on it.</summary>
    internal void Forget(int number)
    {
        for (int cpu = 0; cpu < _cursors.Length; cpu++)
        {
            ref CpuCursor cursor = ref _cursors[cpu];
            SpinLatch.Enter(ref cursor.Latch, LockRank.SwapCursor);
            for (int order = 0; order < SwapLimits.Orders; order++)
            {
                if (cursor.Next[order] is { IsSome: true } next && next.Device == number)
                {
                    cursor.Next[order] = SwapEntry.None;
                }
            }

            SpinLatch.Exit(ref cursor.Latch, LockRank.SwapCursor);
        }
    }

    private void AllocateOnCpu(ref AllocationRequest request)
    {
        ref CpuCursor cursor = ref _cursors[request.Cpu];
        SpinLatch.Enter(ref cursor.Latch, LockRank.SwapCursor);
        int before;
        do
        {
            before = request.Done;
            if (!TryCursor(ref cursor, ref request))
            {
                TryDevices(ref cursor, ref request);
            }
        }
        while (!request.IsDone && request.Done != before);
        SpinLatch.Exit(ref cursor.Latch, LockRank.SwapCursor);
    }

    // When a device has become full: Linux has a worker do this, here it is the allocating thread, after it has what
    // it wanted.
    private bool ReclaimFullClusters(int number)
    {
        bool any = false;
        if (_registry[number] is { } device)
        {
            int before = device.InUse;
            for (int left = int.Max(1, before / SwapLimits.ClusterSlots); left > 0 && _search.TryReclaimFull(device); left--)
            {
            }

            any = device.InUse < before;
        }

        return any;
    }

    private SwapStatus Check(ReadOnlySpan<Pfn> heads, int order, ushort group)
    {
        if (order is < 0 or > SwapLimits.MaxOrder || (order > 0 && heads.Length > 1) || !_groups.Knows(group))
        {
            return SwapStatus.Invalid;
        }

        if (order > 0 && !_takesLargeFolios)
        {
            return SwapStatus.Again;
        }

        Pfn last = heads.IsEmpty ? default : heads[0];
        if (!heads.IsEmpty && !(order == 0 ? _column.TakesPages(heads, out last) : _column.Takes(last, order)))
        {
            return SwapStatus.Invalid;
        }

        if (!heads.IsEmpty && !_column.TryCover(last))
        {
            return SwapStatus.OutOfNativeMemory;
        }

        AssertAbsent(heads);
        return SwapStatus.Done;
    }

    [Conditional("DEBUG")]
    private void AssertAbsent(ReadOnlySpan<Pfn> heads)
    {
        foreach (Pfn head in heads)
        {
            Debug.Assert(!_column.TryGet(head, out _, out _), "The folio is in the swap cache already.");
        }
    }

    // The cluster that the CPU consumes, if it still serves.
    private bool TryCursor(ref CpuCursor cursor, ref AllocationRequest request)
    {
        SwapEntry next = cursor.Next[request.Order];
        if (!next.IsSome || _registry[next.Device] is not { } device || !MayUse(device, request.Group))
        {
            return false;
        }

        if (_search.TryAt(device, next.Offset, ref request, out uint goOn))
        {
            cursor.Next[request.Order] = goOn == 0 ? SwapEntry.None : new SwapEntry(device.Number, goOn);
            return true;
        }

        return false;
    }

    private void TryDevices(ref CpuCursor cursor, ref AllocationRequest request)
    {
        Span<int> numbers = stackalloc int[SwapLimits.MaxDevices];
        int count = _registry.Available(numbers);
        for (int i = 0; i < count; i++)
        {
            if (_registry[numbers[i]] is not { } device || !MayUse(device, request.Group))
            {
                continue;
            }

            _registry.Rotate(device);
            if (TryDevice(device, ref request, out uint next))
            {
                if (!device.Options.IsRotational)
                {
                    cursor.Next[request.Order] = next == 0 ? SwapEntry.None : new SwapEntry(device.Number, next);
                }

                return;
            }

            // A folio of several pages tries one device only, as in Linux.
            if (request.Order > 0)
            {
                return;
            }
        }
    }

    private bool MayUse(SwapDevice<TLayout> device, ushort group) =>
        group == 0 || _groups.Scope == GroupScope.None || _groups.MayUse(group, device.Options.Tier);

    private bool TryDevice(SwapDevice<TLayout> device, ref AllocationRequest request, out uint next)
    {
        next = 0;
        if (request.Order > 0 && device.Options.IsPlainFile)
        {
            return false;
        }

        if (!device.Options.IsRotational)
        {
            return TryLists(device, ref request, out next);
        }

        SpinLatch.Enter(ref device.SharedLatch, LockRank.SwapShared);
        ref uint shared = ref device.SharedNext[request.Order];
        bool done = (shared != 0 && _search.TryAt(device, shared, ref request, out next))
            || TryLists(device, ref request, out next);
        if (done)
        {
            shared = next;
        }

        SpinLatch.Exit(ref device.SharedLatch, LockRank.SwapShared);
        return done;
    }

    // Where CPUs have shares, each looks at its own lists first, then for an empty cluster, then at the others' lists.
    private bool TryLists(SwapDevice<TLayout> device, ref AllocationRequest request, out uint next)
    {
        int order = request.Order;
        int own = request.Cpu % device.Shares;
        bool isSmaller = order < SwapLimits.MaxOrder;
        bool discards = device.Options.DiscardsClusters;
        if ((discards && TryList(device, own, ClusterLists.Free, 1, ref request, out next))
            || (isSmaller && TryList(device, own, ClusterLists.NonFull(order), int.MaxValue, ref request, out next))
            || (!discards && TryList(device, own, ClusterLists.Free, 1, ref request, out next))
            || (isSmaller && TryOthers(device, own, ClusterLists.NonFull(order), int.MaxValue, ref request, out next)))
        {
            return true;
        }

        if (_registry.IsMoreThanHalfUsed)
        {
            _ = _search.TryReclaimFull(device);
        }

        if (isSmaller && TryEach(device, own, ClusterLists.Fragmented(order), 1, ref request, out next))
        {
            return true;
        }

        for (int other = 1; order == 0 && other < SwapLimits.Orders; other++)
        {
            if (TryEach(device, own, ClusterLists.Fragmented(other), int.MaxValue, ref request, out next)
                || TryEach(device, own, ClusterLists.NonFull(other), int.MaxValue, ref request, out next))
            {
                return true;
            }
        }

        next = 0;
        return false;
    }

    private bool TryEach(
        SwapDevice<TLayout> device, int own, int list, int most, ref AllocationRequest request, out uint next) =>
        TryList(device, own, list, most, ref request, out next)
        || TryOthers(device, own, list, most, ref request, out next);

    private bool TryOthers(
        SwapDevice<TLayout> device, int own, int list, int most, ref AllocationRequest request, out uint next)
    {
        next = 0;
        for (int i = 1; i < device.Shares; i++)
        {
            if (TryList(device, (own + i) % device.Shares, list, most, ref request, out next))
            {
                return true;
            }
        }

        return false;
    }

    // Clusters that bring nothing go to the tail of a list, perhaps of this one, so no more are tried than it had at
    // first.
    private bool TryList(
        SwapDevice<TLayout> device, int share, int list, int most, ref AllocationRequest request, out uint next)
    {
        next = 0;
        int own = request.Cpu % device.Shares;
        int tries = list == ClusterLists.Free ? most : int.Min(most, device.CountIn(share, list));
        for (; tries > 0 && device.TryIsolate(share, list, own, out uint cluster, ref request.HasFailed); tries--)
        {
            if (_search.TryIn(device, cluster, 0, ref request, out next))
            {
                return true;
            }
        }

        return false;
    }

    // v2: the charge comes after the slots, so that what fails for want of slots is counted too.
    private bool TryCharge(ref AllocationRequest request, out int done)
    {
        for (done = 0; done < request.Done; done++)
        {
            if (!_groups.TryCharge(request.Group, request.Slots))
            {
                // The slots bear the group's id, and so will be uncharged as they become free.
                for (int i = done; i < request.Done; i++)
                {
                    _groups.Charge(request.Group, request.Slots);
                    _ = _cache.Drop(request.Heads[i], SwapShadow.None, 0);
                    request.Entries[i] = SwapEntry.None;
                }

                request.Done = done;
                return false;
            }
        }

        if (!request.IsDone)
        {
            _groups.Fail(request.Group);
        }

        return true;
    }
}
