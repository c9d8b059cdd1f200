using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Swapping;

/// <summary>The swap cache: which folio is a slot's.</summary>
/// <typeparam name="TLayout">How clusters and entries are stored.</typeparam>
/// <typeparam name="TFolios">The folios.</typeparam>
/// <remarks>Thread safety: all members may be called concurrently; folios are locked by the caller where
/// <see cref="SwapSpace"/> says so.</remarks>
internal sealed unsafe class SwapCache<TLayout, TFolios>
    where TLayout : struct, ISwapLayout<TLayout>
    where TFolios : struct, ISwapFolios
{
    private readonly SwapRegistry<TLayout> _registry;
    private readonly SwapCacheColumn _column;
    private readonly SwapGroups _groups;
    private readonly TFolios _folios;
    private readonly bool _movesCharges;

    /// <param name="registry">The devices.</param>
    /// <param name="column">Beside each folio in the cache its entry.</param>
    /// <param name="groups">Who is charged.</param>
    /// <param name="folios">The folios.</param>
    internal SwapCache(SwapRegistry<TLayout> registry, SwapCacheColumn column, SwapGroups groups, TFolios folios)
    {
        _registry = registry;
        _column = column;
        _groups = groups;
        _folios = folios;
        _movesCharges = groups.Scope == GroupScope.V1;
    }

    /// <inheritdoc cref="SwapSpace.Peek"/>
    internal SlotState Peek(SwapEntry entry) =>
        _registry[entry.Device] is { } device && entry.Offset < device.Max
            ? device.Layout.ReadShared(entry.Cluster, entry.Position)
            : default;

    /// <inheritdoc cref="SwapSpace.TryLookUp"/>
    internal bool TryLookUp(SwapEntry entry, out Pfn head)
    {
        while (true)
        {
            SlotState state = Peek(entry);
            head = state.Head;
            if (state.Kind != SlotKind.Cached)
            {
                head = Pfn.None;
                return false;
            }

            // Without references it is about to leave the cache: what stands there next counts.
            if (_folios.TryGet(head))
            {
                return true;
            }
        }
    }

    /// <inheritdoc cref="SwapSpace.Holds"/>
    internal bool Holds(Pfn head, SwapEntry entry) =>
        _column.TryGet(head, out SwapEntry first, out int order) && entry.RoundDown(order) == first;

    /// <inheritdoc cref="SwapSpace.AddForSwapIn"/>
    internal SwapStatus AddForSwapIn(
        SwapEntry target, Pfn head, int order, out SwapShadow shadow, out ushort group)
    {
        shadow = SwapShadow.None;
        group = 0;
        if (order is < 0 or > SwapLimits.MaxOrder
            || !_column.Takes(head, order)
            || _registry[target.Device] is not { } device)
        {
            return SwapStatus.Invalid;
        }

        SwapEntry first = target.RoundDown(order);
        if (target.Offset >= device.Max || first.Offset + (1u << order) > device.Max)
        {
            return SwapStatus.NoEntry;
        }

        if (!_column.TryCover(head))
        {
            return SwapStatus.OutOfNativeMemory;
        }

        ref TLayout layout = ref device.Layout;
        layout.Head(first.Cluster).Enter();
        SwapStatus status = CheckSwapIn(ref layout, target, first, 1 << order);
        if (status == SwapStatus.Done)
        {
            shadow = layout.Read(target.Cluster, target.Position).Shadow;
            group = layout.Group(target.Cluster, target.Position);
            for (int i = 0; i < 1 << order; i++)
            {
                SlotState state = layout.Read(first.Cluster, first.Position + i);
                layout.Write(first.Cluster, first.Position + i, state.ToCached(head));
            }

            if (_groups.Scope == GroupScope.V1 && group != 0)
            {
                layout.ClearGroup(first.Cluster, first.Position, 1 << order);
                _groups.MoveToMemory(group, 1 << order);
            }

            _folios.AddReferences(head, 1 << order);
            _column.Set(head, first, order);
        }

        layout.Head(first.Cluster).Exit();
        return status;
    }

    /// <inheritdoc cref="SwapSpace.Drop"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SwapStatus Drop(Pfn head, SwapShadow shadow, ushort group)
    {
        // A page that stays swapped out, most of all: kept apart from what else may be, whose variables would all be
        // stored before the lock, and the lock waits for stores.
        if (!_movesCharges && _column.TryGetPage(head, out ulong* place, out SwapEntry entry))
        {
            ref TLayout layout = ref _registry.Of(entry).Layout;
            ref ClusterHead cluster = ref layout.Head(entry.Cluster);
            if (layout.TryEnterAndEvict(entry.Cluster, entry.Position, shadow))
            {
                Volatile.Write(ref *place, 0);
                cluster.Exit();
                Debug.Assert(!_folios.IsUnderWriteback(head), "The folio is being written.");
                _folios.DropReferences(head, 1);
                return SwapStatus.Done;
            }
        }

        return DropAny(head, shadow, group);
    }

    /// <inheritdoc cref="SwapSpace.Replace"/>
    internal SwapStatus Replace(Pfn old, Pfn replacement)
    {
        if (!_column.TryGet(old, out SwapEntry first, out int order))
        {
            return SwapStatus.NoEntry;
        }

        SwapStatus status = CheckNewcomer(replacement, order);
        if (status != SwapStatus.Done)
        {
            return status;
        }

        SwapDevice<TLayout> device = _registry.Of(first);
        device.Layout.Head(first.Cluster).Enter();
        _folios.AddReferences(replacement, 1 << order);
        Repoint(device, first, 1 << order, replacement);
        _column.Remove(old);
        _column.Set(replacement, first, order);
        device.Layout.Head(first.Cluster).Exit();
        _folios.DropReferences(old, 1 << order);
        return SwapStatus.Done;
    }

    /// <inheritdoc cref="SwapSpace.Split"/>
    internal SwapStatus Split(Pfn head, int partOrder)
    {
        if (!_column.TryGet(head, out SwapEntry first, out int order))
        {
            return SwapStatus.NoEntry;
        }

        if (partOrder < 0 || partOrder >= order)
        {
            return SwapStatus.Invalid;
        }

        int step = 1 << partOrder;
        if (!_column.TryCover(new Pfn(head.Number + (1u << order) - 1)))
        {
            return SwapStatus.OutOfNativeMemory;
        }

        SwapDevice<TLayout> device = _registry.Of(first);
        device.Layout.Head(first.Cluster).Enter();
        for (int part = 0; part < 1 << order; part += step)
        {
            Pfn partHead = new(head.Number + (uint)part);
            SwapEntry partFirst = first.Plus((uint)part);
            Repoint(device, partFirst, step, partHead);
            _column.Set(partHead, partFirst, partOrder);
            if (part != 0)
            {
                _folios.AddReferences(partHead, step);
            }
        }

        device.Layout.Head(first.Cluster).Exit();
        _folios.DropReferences(head, (1 << order) - step);
        return SwapStatus.Done;
    }

    /// <inheritdoc cref="SwapSpace.TryDropUnnamed"/>
    internal bool TryDropUnnamed(SwapEntry entry, bool anyway, out int slots)
    {
        slots = 0;
        if (!TryLookUp(entry, out Pfn head))
        {
            return false;
        }

        if (_folios.TryLock(head))
        {
            if (Holds(head, entry)
                && !_folios.IsUnderWriteback(head)
                && (anyway || !_folios.IsMapped(head) || IsFullFor(head))
                && !HasNames(head)
                && _column.TryGet(head, out _, out int order)
                && Drop(head, SwapShadow.None, 0) == SwapStatus.Done)
            {
                slots = 1 << order;
                _folios.MarkDirty(head);
            }

            _folios.Unlock(head);
        }

        _folios.DropReferences(head, 1);
        return slots != 0;
    }

    /// <inheritdoc cref="SwapSpace.HasNames"/>
    internal bool HasNames(Pfn head)
    {
        bool found = false;
        if (_column.TryGet(head, out SwapEntry first, out int order))
        {
            SwapDevice<TLayout> device = _registry.Of(first);
            device.Layout.Head(first.Cluster).Enter();
            found = HasNamesLocked(ref device.Layout, first, 1 << order);
            device.Layout.Head(first.Cluster).Exit();
        }

        return found;
    }

    /// <inheritdoc cref="SwapSpace.IsFullFor"/>
    internal bool IsFullFor(Pfn head)
    {
        if (_registry.IsMoreThanHalfUsed)
        {
            return true;
        }

        if (_groups.Scope != GroupScope.V2 || !_column.TryGet(head, out SwapEntry first, out _))
        {
            return false;
        }

        SwapDevice<TLayout> device = _registry.Of(first);
        device.Layout.Head(first.Cluster).Enter();
        ushort group = device.Layout.Group(first.Cluster, first.Position);
        device.Layout.Head(first.Cluster).Exit();
        return _groups.IsHalfUsed(group);
    }

    private static bool HasNamesLocked(ref TLayout layout, SwapEntry first, int slots)
    {
        bool found = false;
        for (int i = 0; i < slots && !found; i++)
        {
            found = layout.Read(first.Cluster, first.Position + i).Count != 0;
        }

        return found;
    }

    private static SwapStatus CheckSwapIn(ref TLayout layout, SwapEntry target, SwapEntry first, int slots)
    {
        if (!layout.HasTable(target.Cluster))
        {
            return SwapStatus.NoEntry;
        }

        SlotState wanted = layout.Read(target.Cluster, target.Position);
        if (wanted.Kind != SlotKind.Shadow)
        {
            return wanted is { Kind: SlotKind.Cached, Count: > 0 } ? SwapStatus.Exists : SwapStatus.NoEntry;
        }

        ushort group = layout.Group(target.Cluster, target.Position);
        for (int i = 0; i < slots; i++)
        {
            SlotState state = layout.Read(first.Cluster, first.Position + i);
            if (state.Kind != SlotKind.Shadow || state.IsZero != wanted.IsZero
                || layout.Group(first.Cluster, first.Position + i) != group)
            {
                return SwapStatus.Busy;
            }
        }

        return SwapStatus.Done;
    }

    private static void Repoint(SwapDevice<TLayout> device, SwapEntry first, int slots, Pfn head)
    {
        ref TLayout layout = ref device.Layout;
        for (int i = 0; i < slots; i++)
        {
            SlotState state = layout.Read(first.Cluster, first.Position + i);
            layout.Write(first.Cluster, first.Position + i, state.ToCached(head));
        }
    }

    // Any folio, and a page whose cluster's lock was not free.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private SwapStatus DropAny(Pfn head, SwapShadow shadow, ushort group)
    {
        if (!_column.TryGet(head, out SwapEntry first, out int order))
        {
            return SwapStatus.NoEntry;
        }

        Debug.Assert(!_folios.IsUnderWriteback(head), "The folio is being written.");
        SwapDevice<TLayout> device = _registry.Of(first);
        ref TLayout layout = ref device.Layout;
        ref ClusterHead cluster = ref layout.Head(first.Cluster);
        cluster.Enter();
        if (order == 0 && !_movesCharges && layout.TryEvict(first.Cluster, first.Position, shadow))
        {
            _column.Remove(head);
            cluster.Exit();
            _folios.DropReferences(head, 1);
            return SwapStatus.Done;
        }

        SlotSet later = default;
        bool takesCharge = _movesCharges && HasNamesLocked(ref layout, first, 1 << order);
        bool done = !takesCharge || layout.TryPrepareGroup(first.Cluster, group);
        if (done)
        {
            DropLocked(device, first, 1 << order, shadow, takesCharge ? group : (ushort)0, ref later);
            _column.Remove(head);
        }

        cluster.Exit();
        if (!done)
        {
            return SwapStatus.OutOfNativeMemory;
        }

        device.FinishFreeing(first.Cluster, later);
        _folios.DropReferences(head, 1 << order);
        _ = _registry.AfterCounting(device);
        return SwapStatus.Done;
    }

    private SwapStatus CheckNewcomer(Pfn head, int order) =>
        !_column.Takes(head, order) || _column.TryGet(head, out _, out _) ? SwapStatus.Invalid
        : !_column.TryCover(head) ? SwapStatus.OutOfNativeMemory
        : SwapStatus.Done;

    private void DropLocked(
        SwapDevice<TLayout> device, SwapEntry first, int slots, SwapShadow shadow, ushort group, ref SlotSet later)
    {
        ref TLayout layout = ref device.Layout;
        int unnamed = 0;
        int charged = 0;
        for (int i = 0; i <= slots; i++)
        {
            SlotState state = i < slots ? layout.Read(first.Cluster, first.Position + i) : default;
            if (i < slots && state.Count == 0)
            {
                unnamed++;
                continue;
            }

            // Runs of slots that nothing names become free together.
            if (unnamed != 0)
            {
                device.FreeRun(first.Cluster, first.Position + i - unnamed, unnamed, ref later);
                unnamed = 0;
            }

            if (i < slots)
            {
                layout.Write(first.Cluster, first.Position + i, state.ToShadow(shadow));
                if (_groups.Scope == GroupScope.V1)
                {
                    layout.SetGroup(first.Cluster, first.Position + i, 1, group);
                    charged++;
                }
            }
        }

        if (group != 0 && charged != 0)
        {
            _groups.MoveToSwap(group, charged);
        }
    }
}
