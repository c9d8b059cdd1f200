using System.Runtime.InteropServices;

namespace FastKsm.Merging;

/// <summary>What only a merged item needs: its place on the list of its stable node, and what a reverse-map walk asks for. 24 bytes.</summary>
/// <remarks>Layout: as declared. Thread safety: under the ksm mutex.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct StableRecord
{
    /// <summary>Stable node that it hangs off.</summary>
    internal uint Node;

    /// <summary>Record merged before this one; 0 for the first that was.</summary>
    internal uint Next;

    /// <summary>Record merged after this one; 0 for the newest.</summary>
    internal uint Previous;

    /// <summary>anon_vma of the page's VMA when it was merged, held.</summary>
    internal uint AnonVma;

    /// <summary>The item.</summary>
    internal uint Item;

    /// <summary>Linear page index when it was merged, low 32 bits; the upper ones are in the item.</summary>
    internal uint Index;
}
