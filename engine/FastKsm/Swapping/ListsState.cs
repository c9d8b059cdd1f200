using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>
/// Lists of a device, those of one share of CPUs, away from the cache lines of what stands beside them.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = (2 * Sizes.FalseSharingStride) + 288)]
internal struct ListsState
{
    /// <summary>The latch.</summary>
    [FieldOffset(Sizes.FalseSharingStride)]
    internal int Latch;

    /// <summary>
    /// Of the first share: the first cluster that has never been on a list, where the layout is lazy.
    /// </summary>
    [FieldOffset(Sizes.FalseSharingStride + 4)]
    internal uint Virgin;

    /// <summary>The lists, by the numbers of <see cref="ClusterLists"/>.</summary>
    [FieldOffset(Sizes.FalseSharingStride + 8)]
    internal Ends Lists;

    /// <summary>A list for each number.</summary>
    [InlineArray(ClusterLists.Number)]
    internal struct Ends
    {
        private ClusterList _first;
    }
}
