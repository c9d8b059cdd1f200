using System;
using System.Diagnostics;

namespace FastKsm.Primitives;

/// <summary>Reader-writer locks for more things than there are locks, each in cache lines of its own.</summary>
/// <remarks>Thread safety: that is its job. Two things may have the same lock, so nobody holds two of one set unless by rising number.</remarks>
internal sealed class LatchStripes
{
    private readonly PaddedLatch[] _latches;

    /// <param name="count">Number of locks, a power of two.</param>
    /// <param name="rank">Their place in the order of locks.</param>
    internal LatchStripes(int count, LockRank rank)
    {
        Debug.Assert(int.IsPow2(count), "The number of a lock is a part of a hash.");
        _latches = Array.ConvertAll(new PaddedLatch[count], _ => new PaddedLatch(rank));
    }

    /// <summary>A lock by its number.</summary>
    internal ReaderWriterLatch this[int number] => _latches[number].Latch;

    /// <summary>Number of the lock of something with an id, for a power of two of locks. Fibonacci hashing spreads ids that follow one another.</summary>
    internal static uint Spread(uint id) => (id * 2654435769u) >> 16;

    /// <summary>The lock of something with an id.</summary>
    internal ReaderWriterLatch Of(uint id) => _latches[Spread(id) & (uint)(_latches.Length - 1)].Latch;

    // The latch and what it parks on lie behind one another when made together, with this object between two latches.
    private sealed class PaddedLatch
    {
#pragma warning disable CS0169, CA1823 // It is there to be in the way.
        private readonly Padding _padding;
#pragma warning restore CS0169, CA1823

        internal PaddedLatch(LockRank rank) => Latch = new ReaderWriterLatch(rank);

        internal ReaderWriterLatch Latch { get; }

        [System.Runtime.CompilerServices.InlineArray(Sizes.FalseSharingStride / sizeof(long))]
        private struct Padding
        {
            private long _first;
        }
    }
}
