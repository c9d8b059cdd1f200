using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>A cluster's place on its list: numbers of its neighbours and one, 0 for none.</summary>
/// <remarks>Thread safety: the latch of the device's lists.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ClusterLinks
{
    /// <summary>The cluster before it.</summary>
    internal uint Previous;

    /// <summary>The cluster behind it.</summary>
    internal uint Next;
}
