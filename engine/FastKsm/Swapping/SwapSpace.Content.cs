using System;
using FastKsm.Simd;

namespace FastKsm.Swapping;

/// <content>Contents of slots: written, and read back.</content>
internal sealed partial class SwapSpace<TLayout, TFolios>
{
    /// <inheritdoc/>
    internal override SwapStatus Write(Pfn head, ReadOnlySpan<byte> content, out bool isZero)
    {
        isZero = false;
        if (!_column.TryGet(head, out SwapEntry first, out int order))
        {
            return SwapStatus.NoEntry;
        }

        SwapDevice<TLayout> device = _registry.Of(first);
        int slots = 1 << order;
        int size = device.Backend.ContentSize;
        if (content.Length != size * slots)
        {
            return SwapStatus.Invalid;
        }

        isZero = content.Length != 0 && PageZero.IsZero(content);
        if (!TrySetZero(device, first, slots, isZero))
        {
            return SwapStatus.OutOfNativeMemory;
        }

        if (isZero)
        {
            // What an earlier writing left there is nobody's content any more.
            device.Backend.Free(first.Offset, slots);
            return SwapStatus.Done;
        }

        for (int i = 0; i < slots; i++)
        {
            SwapStatus status = device.Backend.Write(first.Offset + (uint)i, content.Slice(i * size, size));
            if (status != SwapStatus.Done)
            {
                return status;
            }
        }

        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override SwapStatus Read(Pfn head, Span<byte> content)
    {
        if (!_column.TryGet(head, out SwapEntry first, out int order))
        {
            return SwapStatus.NoEntry;
        }

        SwapDevice<TLayout> device = _registry.Of(first);
        int size = device.Backend.ContentSize;
        if (content.Length != size << order)
        {
            return SwapStatus.Invalid;
        }

        for (int i = 0; i < 1 << order; i++)
        {
            Span<byte> page = content.Slice(i * size, size);
            SwapEntry entry = first.Plus((uint)i);
            if (IsZero(device, entry))
            {
                page.Clear();
            }
            else if (device.Backend.Read(entry.Offset, page) is var status and not SwapStatus.Done)
            {
                return status;
            }
        }

        return SwapStatus.Done;
    }

    private static bool IsZero(SwapDevice<TLayout> device, SwapEntry entry)
    {
        device.Layout.Head(entry.Cluster).Enter();
        bool isZero = device.Layout.Read(entry.Cluster, entry.Position).IsZero;
        device.Layout.Head(entry.Cluster).Exit();
        return isZero;
    }

    private static bool TrySetZero(SwapDevice<TLayout> device, SwapEntry first, int slots, bool isZero)
    {
        ref TLayout layout = ref device.Layout;
        layout.Head(first.Cluster).Enter();
        bool done = !isZero || layout.TryPrepareZero(first.Cluster);
        for (int i = 0; i < slots && done; i++)
        {
            SlotState state = layout.Read(first.Cluster, first.Position + i);
            layout.Write(first.Cluster, first.Position + i, state with { IsZero = isZero });
        }

        layout.Head(first.Cluster).Exit();
        return done;
    }
}
