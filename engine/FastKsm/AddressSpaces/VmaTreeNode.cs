using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <summary>Node of a VMA tree: 64 entries in columns, 1296 bytes.</summary>
/// <remarks>
/// In a leaf an entry is (start, end, VMA id); in an inner node it is (smallest start, largest gap, node id). The smallest
/// start of an inner node's first entry means nothing: everything below the second goes there.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct VmaTreeNode : ILeafNode
{
    /// <summary>Entries a node can hold.</summary>
    internal const int Capacity = 64;

    /// <summary>Entries in use.</summary>
    internal int Count;

    /// <summary>0 for a leaf.</summary>
    internal int Level;

    /// <inheritdoc/>
    public uint Previous { readonly get; set; }

    /// <inheritdoc/>
    public uint Next { readonly get; set; }

    /// <summary>Starts, in pages, ascending.</summary>
    internal LongColumn Keys;

    /// <summary>Ends (leaf) or largest gaps (inner node), in pages.</summary>
    internal LongColumn Values;

    /// <summary>VMA ids (leaf) or node ids (inner node).</summary>
    internal WordColumn Ids;

    /// <summary>64 page numbers in place.</summary>
    [InlineArray(Capacity)]
    internal struct LongColumn
    {
        private ulong _first;
    }

    /// <summary>64 ids in place.</summary>
    [InlineArray(Capacity)]
    internal struct WordColumn
    {
        private uint _first;
    }
}
