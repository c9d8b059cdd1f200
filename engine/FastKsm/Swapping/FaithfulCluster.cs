using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>A cluster as Linux's phase IV has it: 48 bytes. Where Linux has a pointer of 64 bits, there is an id in as
/// many.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FaithfulCluster
{
    /// <summary>The lock.</summary>
    internal int Lock;

    /// <summary>Slots in use, bad ones among them.</summary>
    internal ushort Used;

    /// <summary>Which list it is on.</summary>
    internal ClusterFlag Flag;

    /// <summary>Order that it serves.</summary>
    internal byte Order;

    /// <summary>The table.</summary>
    internal WideId Table;

    /// <summary>The table of counts that entries have no room for.</summary>
    internal WideId Overflow;

    /// <summary>The table of groups.</summary>
    internal WideId Groups;

    /// <summary>The cluster before it on its list, and one.</summary>
    internal WideId Previous;

    /// <summary>The cluster behind it.</summary>
    internal WideId Next;
}
