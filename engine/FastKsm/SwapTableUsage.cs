namespace FastKsm;

/// <summary>Bytes that the tables of a swap device take.</summary>
/// <param name="StaticReserved">Taken by mounting, whether or not a slot is in use; address space, which the host need
/// not back.</param>
/// <param name="StaticResident">Of those, what the host backs with memory.</param>
/// <param name="DynamicUsed">Tables of clusters in use.</param>
/// <param name="DynamicResident">What the host backs with memory for them and for tables kept for later.</param>
public readonly record struct SwapTableUsage(
    long StaticReserved, long StaticResident, long DynamicUsed, long DynamicResident)
{
    /// <summary>All that the host backs with memory.</summary>
    public long Resident => StaticResident + DynamicResident;
}
