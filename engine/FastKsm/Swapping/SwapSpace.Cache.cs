using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <content>The swap cache: which folio is a slot's.</content>
internal sealed partial class SwapSpace<TLayout, TFolios>
{
    /// <inheritdoc/>
    internal override bool TryWhere(Pfn head, out SwapEntry entry, out int order) =>
        _cache.TryGet(head, out entry, out order);

    /// <inheritdoc/>
    internal override SlotState Peek(SwapEntry entry) =>
        _registry[entry.Device] is { } device && entry.Offset < device.Max
            ? device.Layout.ReadShared(entry.Cluster, entry.Position)
            : default;

    /// <inheritdoc/>
    internal override bool TryLookUp(SwapEntry entry, out Pfn head)
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

    /// <inheritdoc/>
    internal override bool Holds(Pfn head, SwapEntry entry) =>
        _cache.TryGet(head, out SwapEntry first, out int order) && entry.RoundDown(order) == first;

    /// <inheritdoc/>
    internal override SwapStatus AddForSwapIn(
        SwapEntry target, Pfn head, int order, out SwapShadow shadow, out ushort group)
    {
        shadow = SwapShadow.None;
        group = 0;
        if (order is < 0 or > SwapLimits.MaxOrder
            || !_cache.Takes(head, order)
            || _registry[target.Device] is not { } device)
        {
            return SwapStatus.Invalid;
        }

        SwapEntry first = target.RoundDown(order);
        if (target.Offset >= device.Max || first.Offset + (1u << order) > device.Max)
        {
            return SwapStatus.NoEntry;
        }

        if (!_cache.TryCover(head))
        {
            return SwapStatus.OutOfNativeMemory;
        }

        ref readonly TLayout layout = ref device.Layout;
        layout.Lock(first.Cluster);
        SwapStatus status = CheckSwapIn(layout, target, first, 1 << order);
        if (status == SwapStatus.Done)
        {
            shadow = layout.Read(target.Cluster, target.Position).Shadow;
            group = layout.Group(target.Cluster, target.Position);
            for (int i = 0; i < 1 << order; i++)
            {
                SlotState state = layout.Read(first.Cluster, first.Position + i);
                layout.Write(first.Cluster, first.Position + i, state.ToCached(head));
            }

            if (Groups.Scope == GroupScope.V1 && group != 0)
            {
                layout.ClearGroup(first.Cluster, first.Position, 1 << order);
                Groups.MoveToMemory(group, 1 << order);
            }

            _folios.AddReferences(head, 1 << order);
            _cache.Set(head, first, order);
        }

        layout.Unlock(first.Cluster);
        return status;
    }

    /// <inheritdoc/>
    internal override SwapStatus Drop(Pfn head, SwapShadow shadow, ushort group)
    {
        if (!_cache.TryGet(head, out SwapEntry first, out int order))
        {
            return SwapStatus.NoEntry;
        }

        Debug.Assert(!_folios.IsUnderWriteback(head), "The folio is being written.");
        SwapDevice<TLayout> device = DeviceOf(first);
        ref readonly TLayout layout = ref device.Layout;
        layout.Lock(first.Cluster);
        bool takesCharge = Groups.Scope == GroupScope.V1 && HasNamesLocked(layout, first, 1 << order);
        bool done = !takesCharge || layout.TryPrepareGroup(first.Cluster, group);
        if (done)
        {
            DropLocked(device, first, 1 << order, shadow, takesCharge ? group : (ushort)0);
            _cache.Remove(head);
        }

        layout.Unlock(first.Cluster);
        if (!done)
        {
            return SwapStatus.OutOfNativeMemory;
        }

        _folios.DropReferences(head, 1 << order);
        AfterRelease(device);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override SwapStatus Replace(Pfn old, Pfn replacement)
    {
        if (!_cache.TryGet(old, out SwapEntry first, out int order))
        {
            return SwapStatus.NoEntry;
        }

        SwapStatus status = CheckNewcomer(replacement, order);
        if (status != SwapStatus.Done)
        {
            return status;
        }

        SwapDevice<TLayout> device = DeviceOf(first);
        device.Layout.Lock(first.Cluster);
        _folios.AddReferences(replacement, 1 << order);
        Repoint(device, first, 1 << order, replacement);
        _cache.Remove(old);
        _cache.Set(replacement, first, order);
        device.Layout.Unlock(first.Cluster);
        _folios.DropReferences(old, 1 << order);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override SwapStatus Split(Pfn head, int partOrder)
    {
        if (!_cache.TryGet(head, out SwapEntry first, out int order))
        {
            return SwapStatus.NoEntry;
        }

        if (partOrder < 0 || partOrder >= order)
        {
            return SwapStatus.Invalid;
        }

        int step = 1 << partOrder;
        if (!_cache.TryCover(new Pfn(head.Number + (1u << order) - 1)))
        {
            return SwapStatus.OutOfNativeMemory;
        }

        SwapDevice<TLayout> device = DeviceOf(first);
        device.Layout.Lock(first.Cluster);
        for (int part = 0; part < 1 << order; part += step)
        {
            Pfn partHead = new(head.Number + (uint)part);
            SwapEntry partFirst = first.Plus((uint)part);
            Repoint(device, partFirst, step, partHead);
            _cache.Set(partHead, partFirst, partOrder);
            if (part != 0)
            {
                _folios.AddReferences(partHead, step);
            }
        }

        device.Layout.Unlock(first.Cluster);
        _folios.DropReferences(head, (1 << order) - step);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override bool TryDropUnnamed(SwapEntry entry, bool anyway, out int slots)
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
                && _cache.TryGet(head, out _, out int order)
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

    /// <inheritdoc/>
    internal override bool HasNames(Pfn head)
    {
        bool found = false;
        if (_cache.TryGet(head, out SwapEntry first, out int order))
        {
            SwapDevice<TLayout> device = DeviceOf(first);
            device.Layout.Lock(first.Cluster);
            found = HasNamesLocked(device.Layout, first, 1 << order);
            device.Layout.Unlock(first.Cluster);
        }

        return found;
    }

    /// <inheritdoc/>
    internal override bool IsFullFor(Pfn head)
    {
        if (_registry.IsMoreThanHalfUsed)
        {
            return true;
        }

        if (Groups.Scope != GroupScope.V2 || !_cache.TryGet(head, out SwapEntry first, out _))
        {
            return false;
        }

        SwapDevice<TLayout> device = DeviceOf(first);
        device.Layout.Lock(first.Cluster);
        ushort group = device.Layout.Group(first.Cluster, first.Position);
        device.Layout.Unlock(first.Cluster);
        return Groups.IsHalfUsed(group);
    }

    private static bool HasNamesLocked(in TLayout layout, SwapEntry first, int slots)
    {
        bool found = false;
        for (int i = 0; i < slots && !found; i++)
        {
            found = layout.Read(first.Cluster, first.Position + i).Count != 0;
        }

        return found;
    }

    private static SwapStatus CheckSwapIn(in TLayout layout, SwapEntry target, SwapEntry first, int slots)
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
        ref readonly TLayout layout = ref device.Layout;
        for (int i = 0; i < slots; i++)
        {
            SlotState state = layout.Read(first.Cluster, first.Position + i);
            layout.Write(first.Cluster, first.Position + i, state.ToCached(head));
        }
    }

    private SwapStatus CheckNewcomer(Pfn head, int order) =>
        !_cache.Takes(head, order) || _cache.TryGet(head, out _, out _) ? SwapStatus.Invalid
        : !_cache.TryCover(head) ? SwapStatus.OutOfNativeMemory
        : SwapStatus.Done;

    private void DropLocked(SwapDevice<TLayout> device, SwapEntry first, int slots, SwapShadow shadow, ushort group)
    {
        ref readonly TLayout layout = ref device.Layout;
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
                device.FreeRun(first.Cluster, first.Position + i - unnamed, unnamed);
                unnamed = 0;
            }

            if (i < slots)
            {
                layout.Write(first.Cluster, first.Position + i, state.ToShadow(shadow));
                if (Groups.Scope == GroupScope.V1)
                {
                    layout.SetGroup(first.Cluster, first.Position + i, 1, group);
                    charged++;
                }
            }
        }

        if (group != 0 && charged != 0)
        {
            Groups.MoveToSwap(group, charged);
        }
    }
}
