namespace FastKsm.Swapping;

/// <summary>Bytes of a device's metadata.</summary>
/// <param name="StaticReserved">What mounting takes, whether or not a slot is in use: committed address space.</param>
/// <param name="StaticResident">Of those, what the host backs with memory.</param>
/// <param name="DynamicUsed">Tables in use.</param>
/// <param name="DynamicResident">What the host backs with memory for tables, those kept for later use among
/// them.</param>
internal readonly record struct SwapFootprint(
    long StaticReserved, long StaticResident, long DynamicUsed, long DynamicResident)
{
    /// <summary>All that is backed with memory.</summary>
    internal long Resident => StaticResident + DynamicResident;

    /// <summary>The sums of two.</summary>
    internal SwapFootprint Plus(in SwapFootprint other) => new(
        StaticReserved + other.StaticReserved,
        StaticResident + other.StaticResident,
        DynamicUsed + other.DynamicUsed,
        DynamicResident + other.DynamicResident);
}
