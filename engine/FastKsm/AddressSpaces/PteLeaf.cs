using System.Runtime.CompilerServices;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <summary>512 PTEs: the translations of one aligned run of pages. 4096 bytes.</summary>
[InlineArray(Length)]
internal struct PteLeaf
{
    /// <summary>Pages a leaf translates.</summary>
    internal const int Length = 1 << Shift;

    /// <summary>A page's leaf number is its number shifted right by this.</summary>
    internal const int Shift = Sizes.HugeShift;

    private Pte _first;
}
