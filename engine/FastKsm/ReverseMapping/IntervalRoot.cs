using System.Runtime.InteropServices;

namespace FastKsm.ReverseMapping;

/// <summary>The intervals of one anon_vma, as far as they lie in its record. 32 bytes.</summary>
/// <remarks>Thread safety: under the structure latch of the family, or its range lock while that is one.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct IntervalRoot
{
    /// <summary>Number of intervals.</summary>
    internal int Count;

    /// <summary>What <see cref="Node"/> is.</summary>
    internal IntervalTier Tier;

    /// <summary>Array or root of the tree; 0 for neither.</summary>
    internal uint Node;

    /// <summary>The only interval, as long as there has been no second one.</summary>
    internal IntervalEntry Only;
}
