using System;
using System.Collections.Generic;

namespace FastKsm.Swapping;

/// <content>Checks at rest. Numbers are those of the folder's README.</content>
internal sealed partial class SwapSpace<TLayout, TFolios>
{
    /// <inheritdoc/>
    internal override void Validate()
    {
        long charged = 0;
        Dictionary<ushort, long> byGroup = [];
        Span<int> available = stackalloc int[SwapLimits.MaxDevices];
        available = available[.._registry.Available(available)];
        for (int number = 0; number < SwapLimits.MaxDevices; number++)
        {
            if (_registry[number] is { } device)
            {
                ValidateDevice(device, byGroup, ref charged);
                bool isListed = available.Contains(number);
                Require(isListed == (device.IsWritable && device.InUse < device.Pages), 28, device, 0);
            }
        }

        for (int i = 1; i < available.Length; i++)
        {
            SwapDevice<TLayout> device = _registry[available[i]]!;
            Require(_registry[available[i - 1]]!.Priority >= device.Priority, 29, device, 0);
        }

        ValidateCursors();
        ValidateGroups(byGroup);
    }

    private static void Require(bool holds, int invariant, SwapDevice<TLayout> device, uint place)
    {
        if (!holds)
        {
            throw new InvalidOperationException(
                $"Swap invariant {invariant} is broken at {place} on device {device.Number}, {TLayout.Name} layout.");
        }
    }

    private static void ValidateLists(SwapDevice<TLayout> device)
    {
        HashSet<uint> seen = [];
        for (int at = 0; at < ClusterLists.Number * device.Shares; at++)
        {
            int share = at / ClusterLists.Number;
            int list = ClusterLists.In(share, at % ClusterLists.Number);
            if (share != ClusterLists.ShareOf(list))
            {
                continue;
            }

            int count = 0;
            for (uint? next = device.NextOn(list, null); next is { } cluster; next = device.NextOn(list, cluster))
            {
                count++;
                Require(seen.Add(cluster), 22, device, cluster);
                Require(ClusterLists.Of(device.Layout.Head(cluster)) == list, 22, device, cluster);
            }

            Require(count == device.CountIn(share, at % ClusterLists.Number), 22, device, (uint)list);
        }

        for (uint cluster = 0; cluster < device.Clusters; cluster++)
        {
            bool isVirgin = cluster >= device.Virgin && !device.Layout.HasTable(cluster);
            Require(isVirgin != seen.Contains(cluster), 21, device, cluster);
        }
    }

    private void ValidateDevice(SwapDevice<TLayout> device, Dictionary<ushort, long> byGroup, ref long charged)
    {
        ref TLayout layout = ref device.Layout;
        ValidateLists(device);
        long used = 0;
        long bad = 0;
        for (uint cluster = 0; cluster < device.Clusters; cluster++)
        {
            int badHere = 0;
            if (layout.HasTable(cluster))
            {
                ValidateCluster(device, cluster, byGroup, ref badHere);
            }

            ClusterFlag flag = layout.Head(cluster).Flag;
            int usedHere = layout.Head(cluster).Used;
            bool isEmpty = flag is ClusterFlag.Free or ClusterFlag.Discard or ClusterFlag.None;
            Require(layout.HasTable(cluster) == (usedHere != 0) && isEmpty == (usedHere == 0), 18, device, cluster);
            bool isBare = layout.Head(cluster).Order == 0 && !layout.HasOverflow(cluster) && !layout.HasGroupTable(cluster);
            Require(usedHere != 0 || isBare, 19, device, cluster);
            Require(flag != ClusterFlag.Full || usedHere == SwapLimits.ClusterSlots, 20, device, cluster);
            Require(
                flag is not (ClusterFlag.NonFull or ClusterFlag.Fragmented)
                || usedHere is > 0 and < SwapLimits.ClusterSlots,
                20, device, cluster);
            used += usedHere;
            bad += badHere;
        }

        Require(device.InUse == used - bad, 25, device, 0);
        Require(device.InUse >= 0 && device.InUse <= device.Max - 1, 26, device, 0);
        Require(layout.Read(0, 0).Kind == SlotKind.Bad, 10, device, 0);
        charged += used - bad;
    }

    private void ValidateCluster(
        SwapDevice<TLayout> device, uint cluster, Dictionary<ushort, long> byGroup, ref int bad)
    {
        ref TLayout layout = ref device.Layout;
        int used = 0;
        bool hasLarge = false;
        for (int position = 0; position < SwapLimits.ClusterSlots; position++)
        {
            uint offset = (cluster << SwapLimits.ClusterShift) + (uint)position;
            SlotState state = layout.Read(cluster, position);
            ushort group = layout.Group(cluster, position);
            Require(state.Kind != SlotKind.Free || (state == default && group == 0), 2, device, offset);
            Require(state.Kind != SlotKind.Shadow || state.Count != 0, 3, device, offset);
            Require(offset < device.Max || state.Kind == SlotKind.Bad, 10, device, offset);
            used += state.Kind == SlotKind.Free ? 0 : 1;
            bad += state.Kind == SlotKind.Bad ? 1 : 0;
            uint large = layout.HasOverflow(cluster) ? layout.Overflow(cluster, position) : 0;
            Require(
                state.Count > TLayout.InlineLimit ? large > TLayout.InlineLimit : large == 0, 8, device, offset);
            hasLarge |= large != 0;
            if (state.Kind == SlotKind.Cached)
            {
                Require(Holds(state.Head, new SwapEntry(device.Number, offset)), 4, device, offset);
                Require(!IsStart(state.Head, device.Number, offset) || IsWhole(device, state.Head), 5, device, offset);
            }

            if (group != 0)
            {
                Require(state.Kind is SlotKind.Shadow or SlotKind.Cached, 23, device, offset);
                byGroup[group] = byGroup.GetValueOrDefault(group) + 1;
            }
        }

        Require(used == layout.Head(cluster).Used, 18, device, cluster);
        Require(hasLarge == layout.HasOverflow(cluster), 9, device, cluster);
    }

    private bool IsStart(Pfn head, int number, uint offset) =>
        _column.TryGet(head, out SwapEntry first, out _) && first == new SwapEntry(number, offset);

    private bool IsWhole(SwapDevice<TLayout> device, Pfn head)
    {
        bool isWhole = _column.TryGet(head, out SwapEntry first, out int order) && first.RoundDown(order) == first;
        for (int i = 0; i < 1 << order && isWhole; i++)
        {
            SlotState state = device.Layout.Read(first.Cluster, first.Position + i);
            isWhole = state.Kind == SlotKind.Cached && state.Head == head;
        }

        return isWhole;
    }

    private void ValidateCursors()
    {
        foreach (ref readonly CpuCursor cursor in _allocator.Cursors)
        {
            for (int order = 0; order < SwapLimits.Orders; order++)
            {
                SwapEntry next = cursor.Next[order];
                if (next.IsSome)
                {
                    bool isKnown = _registry[next.Device] is { } device && next.Offset < device.Max;
                    if (!isKnown || next.RoundDown(order) != next)
                    {
                        throw new InvalidOperationException($"Swap invariant 30 is broken at {next}, order {order}.");
                    }
                }
            }
        }
    }

    private void ValidateGroups(Dictionary<ushort, long> byGroup)
    {
        if (Groups.Scope == GroupScope.None)
        {
            return;
        }

        // What stands in slots, handed up to the groups above.
        Dictionary<ushort, long> sums = [];
        foreach ((ushort id, long slots) in byGroup)
        {
            for (ushort at = id; at != 0; at = Groups[at].Parent)
            {
                sums[at] = sums.GetValueOrDefault(at) + slots;
            }
        }

        for (int id = 1; id <= TLayout.Groups; id++)
        {
            if (Groups.Knows((ushort)id) && Groups[(ushort)id].Swap != sums.GetValueOrDefault((ushort)id))
            {
                throw new InvalidOperationException($"Swap invariant 31 is broken for group {id}.");
            }
        }
    }
}
