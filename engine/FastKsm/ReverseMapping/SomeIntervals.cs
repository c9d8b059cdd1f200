using System.Runtime.CompilerServices;

namespace FastKsm.ReverseMapping;

/// <summary>Up to sixteen intervals in key order. 320 bytes.</summary>
[InlineArray(Capacity)]
internal struct SomeIntervals
{
    /// <summary>Intervals it can hold.</summary>
    internal const int Capacity = 16;

    private IntervalEntry _first;
}
