using System.Runtime.CompilerServices;

namespace FastKsm.Merging;

/// <summary>The rmap items of one leaf of PTEs, at the same positions. 6144 bytes.</summary>
[InlineArray(Length)]
internal struct RmapItemLeaf
{
    /// <summary>Items in a leaf.</summary>
    internal const int Length = 1 << Shift;

    /// <summary>An item id shifted right by this is its leaf's id.</summary>
    internal const int Shift = AddressSpaces.PteLeaf.Shift;

    private RmapItem _first;
}
