using System;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>A clock that stands still until it is told to go on.</summary>
/// <remarks>Its ticks are nanoseconds. Thread safety: all members may be called concurrently.</remarks>
public sealed class ModelClock : TimeProvider
{
    private const int NanosecondsPerTick = 100;

    private long _nanoseconds;

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref _nanoseconds);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(GetTimestamp() / NanosecondsPerTick);

    /// <summary>Goes on.</summary>
    /// <param name="by">By how much; not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative.</exception>
    public void Advance(TimeSpan by)
    {
        if (by < TimeSpan.Zero)
        {
            Throw.OutOfRange(nameof(by), by, "no negative time");
        }

        _ = Interlocked.Add(ref _nanoseconds, by.Ticks * NanosecondsPerTick);
    }
}
