using System;
using System.Runtime.CompilerServices;

namespace FastKsm.Swapping;

/// <content>What the swap cache and the allocator do.</content>
internal sealed partial class SwapSpace<TLayout, TFolios>
{
    /// <inheritdoc/>
    internal override SwapStatus Allocate(int cpu, Pfn head, int order, ushort group, out SwapEntry entry)
    {
        entry = SwapEntry.None;
        return _allocator.Allocate(
            cpu, new ReadOnlySpan<Pfn>(in head), order, group, new Span<SwapEntry>(ref entry), out _);
    }

    /// <inheritdoc/>
    internal override SwapStatus Allocate(
        int cpu, ReadOnlySpan<Pfn> heads, int order, ushort group, Span<SwapEntry> entries, out int done) =>
        _allocator.Allocate(cpu, heads, order, group, entries, out done);

    /// <inheritdoc/>
    internal override bool FinishDiscards() => _allocator.FinishDiscards();

    /// <inheritdoc/>
    internal override bool TryWhere(Pfn head, out SwapEntry entry, out int order) =>
        _column.TryGet(head, out entry, out order);

    /// <inheritdoc/>
    internal override SlotState Peek(SwapEntry entry) => _cache.Peek(entry);

    /// <inheritdoc/>
    internal override bool TryLookUp(SwapEntry entry, out Pfn head) => _cache.TryLookUp(entry, out head);

    /// <inheritdoc/>
    internal override bool Holds(Pfn head, SwapEntry entry) => _cache.Holds(head, entry);

    /// <inheritdoc/>
    internal override SwapStatus AddForSwapIn(
        SwapEntry target, Pfn head, int order, out SwapShadow shadow, out ushort group) =>
        _cache.AddForSwapIn(target, head, order, out shadow, out group);

    /// <inheritdoc/>
    /// <remarks>Not inlined: a caller's loop would store its variables on the stack around the lock, which waits for
    /// stores.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal override SwapStatus Drop(Pfn head, SwapShadow shadow, ushort group) => _cache.Drop(head, shadow, group);

    /// <inheritdoc/>
    internal override SwapStatus Replace(Pfn old, Pfn replacement) => _cache.Replace(old, replacement);

    /// <inheritdoc/>
    internal override SwapStatus Split(Pfn head, int partOrder) => _cache.Split(head, partOrder);

    /// <inheritdoc/>
    internal override bool TryDropUnnamed(SwapEntry entry, bool anyway, out int slots) =>
        _cache.TryDropUnnamed(entry, anyway, out slots);

    /// <inheritdoc/>
    internal override bool HasNames(Pfn head) => _cache.HasNames(head);

    /// <inheritdoc/>
    internal override bool IsFullFor(Pfn head) => _cache.IsFullFor(head);
}
