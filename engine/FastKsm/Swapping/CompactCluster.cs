using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>A cluster in 16 bytes; with its <see cref="ClusterLinks"/>, which lie apart, 24. All zeroes: never
/// used.</summary>
/// <remarks>A CPU that puts a cluster on a list writes its neighbours' links. Those lie apart so that it does not take
/// from other CPUs the lines of clusters that they are filling.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct CompactCluster
{
    /// <summary>Lock, list, order, slots in use.</summary>
    internal ClusterHead Head;

    /// <summary>The full table, or with the top bit set the sparse one; 0 for none.</summary>
    internal uint Table;

    /// <summary>What only some clusters have; 0 for none.</summary>
    internal uint Extras;

    /// <summary>The group of all slots that bear one, and one; 0 while no slot has.</summary>
    internal uint Group;
}
