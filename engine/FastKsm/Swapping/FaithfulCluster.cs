using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>A cluster as Linux's phase IV has it: 48 bytes. Where Linux has pointers of 64 bits, there are ids, and room
/// for as many bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 48)]
internal struct FaithfulCluster
{
    /// <summary>Lock, list, order, slots in use.</summary>
    internal ClusterHead Head;

    /// <summary>The table.</summary>
    internal WideId Table;

    /// <summary>The table of counts that entries have no room for.</summary>
    internal WideId Overflow;

    /// <summary>The table of groups.</summary>
    internal WideId Groups;

    /// <summary>Its place on its list.</summary>
    internal ClusterLinks Links;
}
