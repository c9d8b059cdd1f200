using System;

namespace FastKsm.Scripting.Syntax;

/// <summary>A span of model or CPU time: <c>250ms</c>, <c>9.697s</c>.</summary>
/// <param name="Nanoseconds">Its length; 0 to <see cref="MaxNanoseconds"/>.</param>
public readonly record struct Duration(long Nanoseconds)
{
    /// <summary>Longest duration: a year.</summary>
    public const long MaxNanoseconds = 365L * 24 * 3600 * 1_000_000_000;

    /// <summary>The same in units of 100 ns, rounded down.</summary>
    public TimeSpan ToTimeSpan() => TimeSpan.FromTicks(Nanoseconds / TimeSpan.NanosecondsPerTick);
}
