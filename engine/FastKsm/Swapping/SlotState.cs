
namespace FastKsm.Swapping;

/// <summary>Content of one slot's table entry, the same for all layouts.</summary>
/// <param name="Kind">What the slot is.</param>
/// <param name="Count">
/// Swap entries that name it, as far as the entry itself counts; one more than the layout's limit says that the true
/// count
/// stands in the cluster's overflow table.
/// </param>
/// <param name="IsZero">Z: the content is all zeroes, and stands nowhere.</param>
/// <param name="Payload">Of a cached slot the number of the folio's first frame; of a shadow its value.</param>
internal readonly record struct SlotState(SlotKind Kind, byte Count, bool IsZero, ulong Payload)
{
    /// <summary>The entry of a slot that cannot be used.</summary>
    internal static SlotState Bad => new(SlotKind.Bad, 0, false, 0);

    /// <summary>First frame of the folio; for a cached slot.</summary>
    internal Pfn Head => new((uint)Payload);

    /// <summary>What was left behind at eviction; for a shadow.</summary>
    internal SwapShadow Shadow => new(Payload);

    /// <summary>Cached, and no swap entry names it: reclaim may take it back.</summary>
    internal bool IsCacheOnly => Kind == SlotKind.Cached && Count == 0;

    /// <summary>The same, in the swap cache.</summary>
    internal SlotState ToCached(Pfn head) => this with { Kind = SlotKind.Cached, Payload = head.Number };

    /// <summary>The same, out of the swap cache.</summary>
    internal SlotState ToShadow(SwapShadow shadow) => this with { Kind = SlotKind.Shadow, Payload = shadow.Value };
}
