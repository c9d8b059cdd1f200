using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>A cluster in 24 bytes. All zeroes: never used.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CompactCluster
{
    /// <summary><c>[17..8] slots in use  [7..4] order  [3..1] list  [0] lock</c>.</summary>
    internal int State;

    /// <summary>The full table, or with the top bit set the sparse one; 0 for none.</summary>
    internal uint Table;

    /// <summary>What only some clusters have; 0 for none.</summary>
    internal uint Extras;

    /// <summary>The group of all slots that bear one, and one; 0 while no slot has.</summary>
    internal uint Group;

    /// <summary>The cluster before it on its list, and one.</summary>
    internal uint Previous;

    /// <summary>The cluster behind it.</summary>
    internal uint Next;
}
