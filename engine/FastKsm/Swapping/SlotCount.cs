using System;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>Slots in use of a device, counted by many CPUs without a cache line that all of them write.</summary>
/// <remarks>
/// Each CPU adds to a part of its own, and moves it to the common part when it has grown to <see cref="Fold"/>. So the
/// common part alone is wrong by <see cref="Slack"/> at most while no thread is in the middle of adding, and the sum of all
/// parts is exact. A move and a sum exclude each other, so that a sum never sees a number twice or not at all.
/// Thread safety: all members may be called concurrently.
/// </remarks>
internal sealed class SlotCount
{
    /// <summary>The most by which <see cref="Estimate"/> is wrong.</summary>
    internal const int Slack = Parts * Fold;

    private const int Parts = 8;
    private const int Fold = 256;
    private const int Stride = Sizes.FalseSharingStride / sizeof(int);
    private const int Latch = Stride;
    private const int Common = Stride + 1;
    private const int First = 2 * Stride;

    // The first stride stays unused: the array's length lies before it, which everybody reads.
    private readonly int[] _words = new int[First + (Parts * Stride) + Stride];

    /// <summary>Slots in use, at a moment during the call.</summary>
    internal int Exact
    {
        get
        {
            SpinLatch.Enter(ref _words[Latch], LockRank.SwapCounts);
            int sum = _words[Common];
            for (int part = 0; part < Parts; part++)
            {
                sum += Volatile.Read(ref _words[First + (part * Stride)]);
            }

            SpinLatch.Exit(ref _words[Latch], LockRank.SwapCounts);
            return sum;
        }
    }

    /// <summary>Slots in use, give or take <see cref="Slack"/>; one load.</summary>
    internal int Estimate => Volatile.Read(ref _words[Common]);

    /// <summary>
    /// Counts slots in or out of use. Behind it, a look at another word is ordered as by a full fence.
    /// </summary>
    internal void Add(int slots)
    {
        // Which part it is says nothing about the sum, so it may be another CPU's by the time that it is added to.
        ref int own = ref _words[First + ((Thread.GetCurrentProcessorId() & (Parts - 1)) * Stride)];
        if (Math.Abs(Interlocked.Add(ref own, slots)) > Fold)
        {
            SpinLatch.Enter(ref _words[Latch], LockRank.SwapCounts);
            Volatile.Write(ref _words[Common], _words[Common] + Interlocked.Exchange(ref own, 0));
            SpinLatch.Exit(ref _words[Latch], LockRank.SwapCounts);
            Interlocked.MemoryBarrier();
        }
    }
}
