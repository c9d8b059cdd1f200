namespace FastKsm.Swapping;

/// <summary>What a layout is made for.</summary>
/// <param name="Slots">Slots of the device, the header's among them; at least one.</param>
/// <param name="Scope">Whether slots bear ids of groups.</param>
/// <param name="FirstFrame">Number of the first frame that can be swapped.</param>
/// <param name="Prefault">Whether static arrays are backed with memory from the start, as the kernel's are.</param>
internal readonly record struct LayoutSettings(uint Slots, GroupScope Scope, uint FirstFrame, bool Prefault)
{
    /// <summary>Clusters of the device; the last one may be cut off.</summary>
    internal uint Clusters => (Slots + SwapLimits.ClusterSlots - 1) >> SwapLimits.ClusterShift;
}
