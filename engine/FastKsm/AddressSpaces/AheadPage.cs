using System.Runtime.InteropServices;

namespace FastKsm.AddressSpaces;

/// <summary>A page that will probably merge in the batch that is about to begin. 16 bytes.</summary>
/// <remarks>Layout: as declared. Thread safety: under the ksm mutex.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct AheadPage
{
    /// <summary>
    /// Checksum of its content. Once pages are chosen, of the first page of a leaf: what batches owe its address space by the
    /// flush, 0 for nothing.
    /// </summary>
    internal ulong Checksum;

    /// <summary>Its item; 0 when it has not been chosen.</summary>
    internal uint Item;

    /// <summary>
    /// The frame that was met; none for a page of an earlier batch, which is taken as it is found. Once pages are protected: the
    /// frame whose page has lost the right to write, none where nothing has been done.
    /// </summary>
    internal Pfn Frame;
}
