using System.Runtime.CompilerServices;

namespace FastKsm.ReverseMapping;

/// <summary>Up to four intervals in key order: most anon_vmas of forked processes have two or three. 80 bytes.</summary>
[InlineArray(Capacity)]
internal struct FewIntervals
{
    /// <summary>Intervals it can hold.</summary>
    internal const int Capacity = 4;

    private IntervalEntry _first;
}
