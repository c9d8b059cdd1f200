using System.Runtime.InteropServices;

namespace FastKsm.Merging;

/// <summary>What the scanner remembers about one page of one address space. 12 bytes.</summary>
/// <remarks>
/// Layout: as declared. Checksum, age and skips belong to the address, not to its content: they survive a merge, a copy and
/// a remapping, as long as the scanner does not meet the address without a page. Thread safety: under the ksm mutex.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct RmapItem
{
    /// <summary>Low 32 bits of the content's checksum at the last visit that took it.</summary>
    internal uint Checksum;

    /// <summary>Visits in which smart scan was asked; stops at 255.</summary>
    internal byte Age;

    /// <summary>Visits that smart scan still skips.</summary>
    internal byte RemainingSkips;

    /// <summary>Which index it is in.</summary>
    internal RmapItemState State;

    /// <summary>Unstable: low eight bits of the scan that inserted it. Stable: bits 32 to 39 of the linear page index.</summary>
    internal byte Sequence;

    /// <summary>Unstable: its place in the unstable index. Stable: its stable record.</summary>
    internal uint Node;
}
