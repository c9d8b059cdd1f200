using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>Where a CPU goes on, for each order. 256 bytes, the first half of them unused, so that two CPUs' do not
/// share a line, nor the first one's with the array's length, which all read.</summary>
/// <remarks>
/// Thread safety: its latch, which an allocation holds from beginning to end. Unmounting takes the latch of every CPU
/// once, after which no
/// allocation can be on the device any more.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 2 * Sizes.FalseSharingStride)]
internal struct CpuCursor
{
    /// <summary>The latch.</summary>
    [FieldOffset(Sizes.FalseSharingStride)]
    internal int Latch;

    /// <summary>For each order the next slot to look at, and its device; none when a cluster has come to its
    /// end.</summary>
    [FieldOffset(Sizes.FalseSharingStride + sizeof(ulong))]
    internal NextSlots Next;

    /// <summary>A slot for each order.</summary>
    [InlineArray(SwapLimits.Orders)]
    internal struct NextSlots
    {
        private SwapEntry _first;
    }
}
