using System.Runtime.InteropServices;
using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <summary>A page that will probably merge in the batch that is about to begin. 24 bytes.</summary>
/// <remarks>Layout: as declared. Thread safety: under the ksm mutex.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct AheadPage
{
    /// <summary>Checksum of its content; once pages are chosen, what its address space owed batches before the flush.</summary>
    internal ulong Checksum;

    /// <summary>Its item; 0 when it has not been chosen.</summary>
    internal uint Item;

    /// <summary>The frame that was met; none for a page of an earlier batch, which is taken as it is found.</summary>
    internal Pfn Frame;

    /// <summary>What has been done about it.</summary>
    internal AheadState State;
}
