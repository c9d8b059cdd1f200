using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>A cluster as Linux 6.18 has it: 32 bytes.</summary>
/// <remarks>Linux finds the pages of large counts from the page of its map; here their place is among the bytes of the
/// links.</remarks>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal struct LegacyCluster
{
    /// <summary>Lock, list, order, slots in use.</summary>
    internal ClusterHead Head;

    /// <summary>The table of large counts.</summary>
    internal uint Overflow;

    /// <summary>The table of folios and shadows.</summary>
    internal WideId Table;

    /// <summary>Its place on its list.</summary>
    internal ClusterLinks Links;
}
