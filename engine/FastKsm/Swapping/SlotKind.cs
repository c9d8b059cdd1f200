namespace FastKsm.Swapping;

/// <summary>What a slot is.</summary>
internal enum SlotKind : byte
{
    /// <summary>NULL: can be allocated.</summary>
    Free,

    /// <summary>Swapped out, and not in the swap cache.</summary>
    Shadow,

    /// <summary>PFN: a folio in memory is the slot's, in the swap cache.</summary>
    Cached,

    /// <summary>The header, a bad page, or what a device's last cluster has beyond the device's end.</summary>
    Bad,
}
