using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>A cluster as Linux 6.18 has it: 32 bytes.</summary>
/// <remarks>Linux finds the pages of large counts from the page of its map; here their place is among the bytes of the
/// links.</remarks>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal struct LegacyCluster
{
    /// <summary>The lock.</summary>
    internal int Lock;

    /// <summary>Slots in use, bad ones among them.</summary>
    internal ushort Used;

    /// <summary>Which list it is on.</summary>
    internal ClusterFlag Flag;

    /// <summary>Order that it serves.</summary>
    internal byte Order;

    /// <summary>The table of folios and shadows.</summary>
    internal WideId Table;

    /// <summary>The cluster before it on its list, and one.</summary>
    internal uint Previous;

    /// <summary>The cluster behind it.</summary>
    internal uint Next;

    /// <summary>The table of large counts.</summary>
    internal uint Overflow;
}
