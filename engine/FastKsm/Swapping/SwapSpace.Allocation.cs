using System;
using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <content>Allocation.</content>
internal sealed partial class SwapSpace<TLayout, TFolios>
{
    /// <inheritdoc/>
    internal override SwapStatus Allocate(int cpu, Pfn head, int order, ushort group, out SwapEntry entry)
    {
        entry = SwapEntry.None;
        return Allocate(cpu, new ReadOnlySpan<Pfn>(in head), order, group, new Span<SwapEntry>(ref entry), out _);
    }

    /// <inheritdoc/>
    internal override SwapStatus Allocate(
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
        bool isCharged = group == 0 || Groups.Scope != GroupScope.V2 || TryCharge(ref request, out done);
        return !isCharged ? SwapStatus.OverLimit
            : request.IsDone ? SwapStatus.Done
            : request.HasFailed ? SwapStatus.OutOfNativeMemory
            : SwapStatus.Full;
    }

    /// <inheritdoc/>
    internal override bool FinishDiscards()
    {
        bool any = false;
        for (int number = 0; number < SwapLimits.MaxDevices; number++)
        {
            any |= _registry[number]?.FinishDiscards() ?? false;
        }

        return any;
    }

    private void AllocateOnCpu(ref AllocationRequest request)
    {
        ref CpuCursor cursor = ref _cursors[request.Cpu];
        SpinLatch.Enter(ref cursor.Latch);
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
        SpinLatch.Exit(ref cursor.Latch);
    }

    // When a device has become full: Linux has a worker do this, here it is the allocating thread, after it has what
    // it wanted.
    private bool ReclaimFullClusters(int number)
    {
        bool any = false;
        if (_registry[number] is { } device)
        {
            int before = device.InUse;
            for (int left = int.Max(1, before / SwapLimits.ClusterSlots); left > 0 && ReclaimOneFull(device); left--)
            {
            }

            any = device.InUse < before;
        }

        return any;
    }

    private SwapStatus Check(ReadOnlySpan<Pfn> heads, int order, ushort group)
    {
        if (order is < 0 or > SwapLimits.MaxOrder || (order > 0 && heads.Length > 1) || !Groups.Knows(group))
        {
            return SwapStatus.Invalid;
        }

        if (order > 0 && !_options.LargeFolios)
        {
            return SwapStatus.Again;
        }

        foreach (Pfn head in heads)
        {
            if (!_cache.Takes(head, order))
            {
                return SwapStatus.Invalid;
            }

            if (!_cache.TryCover(head))
            {
                return SwapStatus.OutOfNativeMemory;
            }

            Debug.Assert(!_cache.TryGet(head, out _, out _), "The folio is in the swap cache already.");
        }

        return SwapStatus.Done;
    }

    // The cluster that the CPU consumes, if it still serves.
    private bool TryCursor(ref CpuCursor cursor, ref AllocationRequest request)
    {
        SwapEntry next = cursor.Next[request.Order];
        if (!next.IsSome || _registry[next.Device] is not { } device || !MayUse(device, request.Group))
        {
            return false;
        }

        if (TryScanAt(device, next.Offset, ref request, out uint goOn))
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
        group == 0 || Groups.Scope == GroupScope.None || Groups.MayUse(group, device.Options.Tier);

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

        SpinLatch.Enter(ref device.SharedLatch);
        ref uint shared = ref device.SharedNext[request.Order];
        bool done = (shared != 0 && TryScanAt(device, shared, ref request, out next))
            || TryLists(device, ref request, out next);
        if (done)
        {
            shared = next;
        }

        SpinLatch.Exit(ref device.SharedLatch);
        return done;
    }

    private bool TryLists(SwapDevice<TLayout> device, ref AllocationRequest request, out uint next)
    {
        int order = request.Order;
        bool isSmaller = order < SwapLimits.MaxOrder;
        bool discards = device.Options.DiscardsClusters;
        if ((discards && TryList(device, ClusterLists.Free, 1, ref request, out next))
            || (isSmaller && TryList(device, ClusterLists.NonFull(order), int.MaxValue, ref request, out next))
            || (!discards && TryList(device, ClusterLists.Free, 1, ref request, out next)))
        {
            return true;
        }

        if (_registry.IsMoreThanHalfUsed)
        {
            _ = ReclaimOneFull(device);
        }

        if (isSmaller && TryList(device, ClusterLists.Fragmented(order), 1, ref request, out next))
        {
            return true;
        }

        for (int other = 1; order == 0 && other < SwapLimits.Orders; other++)
        {
            if (TryList(device, ClusterLists.Fragmented(other), int.MaxValue, ref request, out next)
                || TryList(device, ClusterLists.NonFull(other), int.MaxValue, ref request, out next))
            {
                return true;
            }
        }

        next = 0;
        return false;
    }

    // Clusters that bring nothing go to the tail of a list, perhaps of this one, so no more are tried than it had at
    // first.
    private bool TryList(SwapDevice<TLayout> device, int list, int most, ref AllocationRequest request, out uint next)
    {
        next = 0;
        int tries = list == ClusterLists.Free ? most : int.Min(most, device.CountOf(list));
        for (; tries > 0 && device.TryIsolate(list, out uint cluster, ref request.HasFailed); tries--)
        {
            if (TryScan(device, cluster, 0, ref request, out next))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryScanAt(SwapDevice<TLayout> device, uint offset, ref AllocationRequest request, out uint next)
    {
        next = 0;
        uint cluster = offset >> SwapLimits.ClusterShift;
        device.Layout.Lock(cluster);
        if (!device.IsUsable(cluster, request.Order))
        {
            device.Layout.Unlock(cluster);
            return false;
        }

        int position = device.Layout.Used(cluster) == 0 ? 0 : (int)(offset % SwapLimits.ClusterSlots);
        return TryScan(device, cluster, position, ref request, out next);
    }

    // Looks through a locked cluster for free runs, and unlocks it.
    private bool TryScan(
        SwapDevice<TLayout> device, uint cluster, int position, ref AllocationRequest request, out uint next)
    {
        ref readonly TLayout layout = ref device.Layout;
        int slots = request.Slots;
        int last = (int)uint.Min(SwapLimits.ClusterSlots, device.Max - (cluster << SwapLimits.ClusterShift)) - slots;
        int taken = 0;
        int used = layout.Used(cluster);
        next = 0;
        bool reclaims = _registry.IsMoreThanHalfUsed;
        bool isFolioAtATime = device.Options.IsRotational;
        while (!request.IsDone && used + slots <= SwapLimits.ClusterSlots)
        {
            position = NextRun(layout, cluster, position, last, slots, reclaims, out bool needsReclaim);
            if (position > last)
            {
                break;
            }

            if (needsReclaim)
            {
                bool isFree = TryReclaimRun(device, cluster, ref position, slots, request.Order);
                used = layout.Used(cluster);
                if (!device.IsUsable(cluster, request.Order))
                {
                    break;
                }

                if (!isFree)
                {
                    continue;
                }
            }

            if (!device.IsWritable)
            {
                break;
            }

            if (!layout.TryReserve(cluster, used + slots)
                || (Groups.Scope == GroupScope.V2 && !layout.TryPrepareGroup(cluster, request.Group)))
            {
                request.HasFailed = true;
                break;
            }

            Place(device, cluster, position, used, ref request);
            used += slots;
            taken += slots;
            position += slots;
            if (isFolioAtATime)
            {
                break;
            }
        }

        if (taken != 0 && position <= last && used < SwapLimits.ClusterSlots)
        {
            next = (cluster << SwapLimits.ClusterShift) + (uint)position;
        }

        int inUse = taken != 0 ? device.AddInUse(taken) : 0;
        device.Relocate(cluster);
        layout.Unlock(cluster);
        if (inUse >= device.Pages)
        {
            _registry.Settle(device);
            request.Filled = device.Number;
        }

        return taken != 0;
    }

    private void Place(SwapDevice<TLayout> device, uint cluster, int position, int used, ref AllocationRequest request)
    {
        ref readonly TLayout layout = ref device.Layout;
        Pfn head = request.Heads[request.Done];
        if (used == 0)
        {
            layout.SetOrder(cluster, request.Order);
        }

        SwapEntry entry = new(device.Number, (cluster << SwapLimits.ClusterShift) + (uint)position);
        layout.FillCached(cluster, position, request.Slots, head);
        if (Groups.Scope == GroupScope.V2)
        {
            layout.SetGroup(cluster, position, request.Slots, request.Group);
        }

        layout.SetUsed(cluster, used + request.Slots);
        _folios.AddReferences(head, request.Slots);
        _cache.Set(head, entry, request.Order);
        request.Entries[request.Done++] = entry;
    }

    private static int NextRun(
        in TLayout layout, uint cluster, int position, int last, int slots, bool reclaims, out bool needsReclaim)
    {
        needsReclaim = false;
        if (slots == 1 && !reclaims)
        {
            return layout.NextFree(cluster, position);
        }

        for (; position <= last; position += slots)
        {
            if (layout.IsFree(cluster, position, slots))
            {
                return position;
            }

            if (reclaims && IsReclaimable(layout, cluster, position, slots))
            {
                needsReclaim = true;
                return position;
            }
        }

        return position;
    }

    private static bool IsReclaimable(in TLayout layout, uint cluster, int position, int slots)
    {
        for (int i = 0; i < slots; i++)
        {
            SlotState state = layout.Read(cluster, position + i);
            if (state.Kind != SlotKind.Free && !state.IsCacheOnly)
            {
                return false;
            }
        }

        return true;
    }

    // Drops the cluster's lock in between, so what is true of the cluster may have changed.
    private bool TryReclaimRun(SwapDevice<TLayout> device, uint cluster, ref int position, int slots, int order)
    {
        ref readonly TLayout layout = ref device.Layout;
        layout.Unlock(cluster);
        uint first = (cluster << SwapLimits.ClusterShift) + (uint)position;
        for (int i = 0; i < slots; i++)
        {
            SwapEntry entry = new(device.Number, first + (uint)i);
            bool isFree = layout.ReadShared(cluster, entry.Position).Kind == SlotKind.Free;
            if (!isFree && !TryDropUnnamed(entry, anyway: true, out _))
            {
                break;
            }
        }

        layout.Lock(cluster);
        if (!device.IsUsable(cluster, order))
        {
            return false;
        }

        if (layout.Used(cluster) == 0)
        {
            position = 0;
        }

        bool done = layout.IsFree(cluster, position, slots);
        position += done ? 0 : slots;
        return done;
    }

    private bool ReclaimOneFull(SwapDevice<TLayout> device)
    {
        bool hasFailed = false;
        if (!device.TryIsolate(ClusterLists.Full, out uint cluster, ref hasFailed))
        {
            return false;
        }

        ref readonly TLayout layout = ref device.Layout;
        for (int position = 0; position < SwapLimits.ClusterSlots && layout.HasTable(cluster);)
        {
            int step = 1;
            if (layout.Read(cluster, position).IsCacheOnly)
            {
                layout.Unlock(cluster);
                SwapEntry entry = new(device.Number, (cluster << SwapLimits.ClusterShift) + (uint)position);
                _ = TryDropUnnamed(entry, anyway: true, out int slots);
                layout.Lock(cluster);
                step = int.Max(1, slots);
            }

            position += step;
        }

        if (layout.Flag(cluster) == ClusterFlag.None)
        {
            device.Relocate(cluster);
        }

        layout.Unlock(cluster);
        return true;
    }

    // v2: the charge comes after the slots, so that what fails for want of slots is counted too.
    private bool TryCharge(ref AllocationRequest request, out int done)
    {
        for (done = 0; done < request.Done; done++)
        {
            if (!Groups.TryCharge(request.Group, request.Slots))
            {
                // The slots bear the group's id, and so will be uncharged as they become free.
                for (int i = done; i < request.Done; i++)
                {
                    Groups.Charge(request.Group, request.Slots);
                    _ = Drop(request.Heads[i], SwapShadow.None, 0);
                    request.Entries[i] = SwapEntry.None;
                }

                request.Done = done;
                return false;
            }
        }

        if (!request.IsDone)
        {
            Groups.Fail(request.Group);
        }

        return true;
    }
}
