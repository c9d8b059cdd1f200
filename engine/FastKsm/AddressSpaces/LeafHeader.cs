using System.Runtime.InteropServices;

namespace FastKsm.AddressSpaces;

/// <summary>What stands beside a leaf of PTEs. 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LeafHeader
{
    /// <summary>Guards the PTEs, this header, and the frames as far as they are reached through these PTEs.</summary>
    internal int Latch;

    /// <summary>PTEs that are not empty; all of them if the leaf is a huge mapping.</summary>
    internal short Populated;

    /// <summary>What the leaf is.</summary>
    internal LeafKind Kind;
}
