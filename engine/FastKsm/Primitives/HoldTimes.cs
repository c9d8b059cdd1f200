using System;

namespace FastKsm;

/// <summary>
/// How long holds of a lock, or waits for it, have taken. Times below the timer's resolution, 100 ns in a <see
/// cref="TimeSpan"/>, are cut off.
/// </summary>
public readonly record struct HoldTimes
{
    /// <summary>Number of them.</summary>
    public long Count { get; init; }

    /// <summary>Sum of them.</summary>
    public TimeSpan Total { get; init; }

    /// <summary>Longest.</summary>
    public TimeSpan Max { get; init; }

    /// <summary>Mean.</summary>
    public TimeSpan Average { get; init; }

    /// <summary>Half of them took no longer; right to within a quarter.</summary>
    public TimeSpan Median { get; init; }

    /// <summary>99 of 100 took no longer; right to within a quarter.</summary>
    public TimeSpan Percentile99 { get; init; }
}
