using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastKsm.Merging;

/// <summary>What stands beside a leaf of rmap items. 80 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RmapItemLeafHeader
{
    /// <summary>Bit i is set while item i exists, so that runs without items are passed over 64 at a time.</summary>
    internal PresentBits Present;

    /// <summary>Leaf number: page number of the first item / 512.</summary>
    internal uint LeafNumber;

    /// <summary>Number of the list that the items belong to.</summary>
    internal int List;

    /// <summary>Items that exist.</summary>
    internal int Count;

    /// <summary>512 bits.</summary>
    [InlineArray(RmapItemLeaf.Length / 64)]
    internal struct PresentBits
    {
        private ulong _first;
    }
}
