using System.Runtime.CompilerServices;

namespace FastKsm.AddressSpaces;

/// <summary>512 ids of the level below; 0 for none. 2048 bytes.</summary>
[InlineArray(Length)]
internal struct DirectoryNode
{
    /// <summary>Ids in a node.</summary>
    internal const int Length = 1 << Shift;

    /// <summary>Bits of a leaf number that one level resolves.</summary>
    internal const int Shift = 9;

    private uint _first;
}
