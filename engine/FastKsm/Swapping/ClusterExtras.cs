using System.Runtime.InteropServices;

namespace FastKsm.Swapping;

/// <summary>What only some clusters of the compact layout have: ids of further tables. 12 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ClusterExtras
{
    /// <summary>Table of counts that entries have no room for.</summary>
    internal uint Overflow;

    /// <summary>Bitmap of slots whose content is all zeroes.</summary>
    internal uint Zeroes;

    /// <summary>Table of groups, where there are several.</summary>
    internal uint Groups;
}
