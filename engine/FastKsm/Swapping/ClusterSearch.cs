using System;
using System.Runtime.CompilerServices;

namespace FastKsm.Swapping;

/// <summary>Looks through one cluster for free slots, takes cached ones back where swap is scarce, and gives them to
/// folios.</summary>
/// <typeparam name="TLayout">How clusters and entries are stored.</typeparam>
/// <typeparam name="TFolios">The folios.</typeparam>
/// <remarks>Thread safety: all members may be called concurrently.</remarks>
internal sealed class ClusterSearch<TLayout, TFolios>
    where TLayout : struct, ISwapLayout<TLayout>
    where TFolios : struct, ISwapFolios
{
    private readonly SwapRegistry<TLayout> _registry;
    private readonly SwapCache<TLayout, TFolios> _cache;
    private readonly SwapCacheColumn _column;
    private readonly SwapGroups _groups;
    private readonly TFolios _folios;

    /// <param name="registry">The devices.</param>
    /// <param name="cache">The swap cache.</param>
    /// <param name="column">Beside each folio in the cache its entry.</param>
    /// <param name="groups">Who is charged.</param>
    /// <param name="folios">The folios.</param>
    internal ClusterSearch(
        SwapRegistry<TLayout> registry,
        SwapCache<TLayout, TFolios> cache,
        SwapCacheColumn column,
        SwapGroups groups,
        TFolios folios)
    {
        _registry = registry;
        _cache = cache;
        _column = column;
        _groups = groups;
        _folios = folios;
    }

    /// <summary>Looks from a slot on, if its cluster still serves the order.</summary>
    /// <param name="device">The device.</param>
    /// <param name="offset">The slot.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="next">Where to go on; 0 at the end of the cluster.</param>
    /// <returns>Whether a folio has its slots.</returns>
    internal bool TryAt(SwapDevice<TLayout> device, uint offset, ref AllocationRequest request, out uint next)
    {
        next = 0;
        uint cluster = offset >> SwapLimits.ClusterShift;
        device.Layout.Head(cluster).Enter();
        if (!device.IsUsable(cluster, request.Order))
        {
            device.Layout.Head(cluster).Exit();
            return false;
        }

        int position = device.Layout.Head(cluster).Used == 0 ? 0 : (int)(offset % SwapLimits.ClusterSlots);
        return TryIn(device, cluster, position, ref request, out next);
    }

    /// <summary>Looks through a locked cluster for free runs, and unlocks it.</summary>
    /// <param name="device">The device.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="position">First slot to look at.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="next">Where to go on; 0 at the end of the cluster.</param>
    /// <returns>Whether a folio has its slots.</returns>
    internal bool TryIn(
        SwapDevice<TLayout> device, uint cluster, int position, ref AllocationRequest request, out uint next)
    {
        ref TLayout layout = ref device.Layout;
        int slots = request.Slots;
        int last = (int)uint.Min(SwapLimits.ClusterSlots, device.Max - (cluster << SwapLimits.ClusterShift)) - slots;
        int taken = 0;
        int used = layout.Head(cluster).Used;
        next = 0;
        bool reclaims = _registry.IsMoreThanHalfUsed;
        bool isFolioAtATime = device.Options.IsRotational;
        while (!request.IsDone && used + slots <= SwapLimits.ClusterSlots)
        {
            position = NextRun(ref layout, cluster, position, last, slots, reclaims, out bool needsReclaim);
            if (position > last)
            {
                break;
            }

            if (needsReclaim)
            {
                bool isFree = TryReclaimRun(device, cluster, ref position, slots, request.Order);
                used = layout.Head(cluster).Used;
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

            // Folios of one page take what is free in a row at once.
            int folios = slots == 1 && !isFolioAtATime
                ? layout.CountFree(cluster, position, int.Min(request.Left, last + 1 - position))
                : 1;
            if (!layout.TryReserve(cluster, used + (folios * slots))
                || (_groups.Scope == GroupScope.V2 && !layout.TryPrepareGroup(cluster, request.Group)))
            {
                request.HasFailed = true;
                break;
            }

            Place(device, cluster, position, used, folios, ref request);
            used += folios * slots;
            taken += folios * slots;
            position += folios * slots;
            if (isFolioAtATime)
            {
                break;
            }
        }

        if (taken != 0 && position <= last && used < SwapLimits.ClusterSlots)
        {
            next = (cluster << SwapLimits.ClusterShift) + (uint)position;
        }

        if (taken != 0)
        {
            device.AddInUse(taken);
        }

        device.Relocate(cluster);
        layout.Head(cluster).Exit();
        if (taken != 0 && _registry.AfterCounting(device))
        {
            request.Filled = device.Number;
        }

        return taken != 0;
    }

    /// <summary>Takes back what is cached only in the cluster that has been full for longest, of the first share of CPUs
    /// that has one.</summary>
    /// <returns>Whether there was a full cluster.</returns>
    internal bool TryReclaimFull(SwapDevice<TLayout> device)
    {
        bool hasFailed = false;
        int share = 0;
        uint cluster;
        while (!device.TryIsolate(share, ClusterLists.Full, share, out cluster, ref hasFailed))
        {
            if (++share == device.Shares)
            {
                return false;
            }
        }

        ref TLayout layout = ref device.Layout;
        for (int position = 0; position < SwapLimits.ClusterSlots && layout.HasTable(cluster);)
        {
            int step = 1;
            if (layout.Read(cluster, position).IsCacheOnly)
            {
                layout.Head(cluster).Exit();
                SwapEntry entry = new(device.Number, (cluster << SwapLimits.ClusterShift) + (uint)position);
                _ = _cache.TryDropUnnamed(entry, anyway: true, out int slots);
                layout.Head(cluster).Enter();
                step = int.Max(1, slots);
            }

            position += step;
        }

        if (layout.Head(cluster).Flag == ClusterFlag.None)
        {
            device.Relocate(cluster);
        }

        layout.Head(cluster).Exit();
        return true;
    }

    // Gives free slots in a row to folios: all of one page, or one of any order. Not inlined: the loop would keep its
    // variables on the stack there.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Place(
        SwapDevice<TLayout> device, uint cluster, int position, int used, int folios, ref AllocationRequest request)
    {
        ref TLayout layout = ref device.Layout;
        ref ClusterHead record = ref layout.Head(cluster);
        int slots = request.Slots;
        ReadOnlySpan<Pfn> heads = request.Heads.Slice(request.Done, folios);
        Span<SwapEntry> entries = request.Entries.Slice(request.Done, folios);
        if (used == 0)
        {
            record.Order = request.Order;
        }

        if (slots == 1)
        {
            layout.FillCached(cluster, position, heads);
        }
        else
        {
            layout.FillCached(cluster, position, slots, heads[0]);
        }

        if (_groups.Scope == GroupScope.V2)
        {
            layout.SetGroup(cluster, position, folios * slots, request.Group);
        }

        record.Used = used + (folios * slots);
        SwapEntry entry = new(device.Number, (cluster << SwapLimits.ClusterShift) + (uint)position);
        SwapCacheColumn column = _column;
        int order = request.Order;
        for (int i = 0; i < heads.Length; i++)
        {
            _folios.AddReferences(heads[i], slots);
            column.Set(heads[i], entry, order);
            entries[i] = entry;
            entry = entry.Plus((uint)slots);
        }

        request.Done += folios;
    }

    private static int NextRun(
        ref TLayout layout, uint cluster, int position, int last, int slots, bool reclaims, out bool needsReclaim)
    {
        needsReclaim = false;
        return slots == 1 && !reclaims
            ? layout.NextFree(cluster, position)
            : NextRunOf(ref layout, cluster, position, last, slots, reclaims, out needsReclaim);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int NextRunOf(
        ref TLayout layout, uint cluster, int position, int last, int slots, bool reclaims, out bool needsReclaim)
    {
        needsReclaim = false;
        for (; position <= last; position += slots)
        {
            if (layout.IsFree(cluster, position, slots))
            {
                return position;
            }

            if (reclaims && IsReclaimable(ref layout, cluster, position, slots))
            {
                needsReclaim = true;
                return position;
            }
        }

        return position;
    }

    private static bool IsReclaimable(ref TLayout layout, uint cluster, int position, int slots)
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
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReclaimRun(SwapDevice<TLayout> device, uint cluster, ref int position, int slots, int order)
    {
        ref TLayout layout = ref device.Layout;
        layout.Head(cluster).Exit();
        uint first = (cluster << SwapLimits.ClusterShift) + (uint)position;
        for (int i = 0; i < slots; i++)
        {
            SwapEntry entry = new(device.Number, first + (uint)i);
            bool isFree = layout.ReadShared(cluster, entry.Position).Kind == SlotKind.Free;
            if (!isFree && !_cache.TryDropUnnamed(entry, anyway: true, out _))
            {
                break;
            }
        }

        layout.Head(cluster).Enter();
        if (!device.IsUsable(cluster, order))
        {
            return false;
        }

        if (layout.Head(cluster).Used == 0)
        {
            position = 0;
        }

        bool done = layout.IsFree(cluster, position, slots);
        position += done ? 0 : slots;
        return done;
    }
}
