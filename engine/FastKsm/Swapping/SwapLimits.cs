namespace FastKsm.Swapping;

/// <summary>Sizes and bounds of swap that hold for every layout; those of one layout stand in its own type.</summary>
internal static class SwapLimits
{
    /// <summary>A slot's cluster is its offset shifted right by this.</summary>
    internal const int ClusterShift = 9;

    /// <summary>Slots of a cluster.</summary>
    internal const int ClusterSlots = 1 << ClusterShift;

    /// <summary>Largest order of a folio: it fills a cluster.</summary>
    internal const int MaxOrder = ClusterShift;

    /// <summary>Number of orders.</summary>
    internal const int Orders = MaxOrder + 1;

    /// <summary>Bits of an offset: devices of 4 TiB.</summary>
    internal const int OffsetBits = 30;

    /// <summary>Slots of the largest device, the header's among them.</summary>
    internal const uint MaxSlots = 1u << OffsetBits;

    /// <summary>Devices at once: five bits less the codes that Linux keeps for entries that are no swap
    /// entries.</summary>
    internal const int MaxDevices = 24;

    /// <summary>Largest id of a group, where the layout takes as many; 0 is no group.</summary>
    internal const int MaxGroups = ushort.MaxValue;

    /// <summary>Tiers that a device can stand in.</summary>
    internal const int Tiers = 8;

    /// <summary>Greatest priority that a user can ask for.</summary>
    internal const int MaxPriority = 32767;
}
