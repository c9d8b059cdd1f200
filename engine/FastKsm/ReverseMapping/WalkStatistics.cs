using System;
using System.Diagnostics;
using System.Numerics;
using System.Threading;

namespace FastKsm.ReverseMapping;

/// <summary>Times and nodes of all walks of a machine, by kind.</summary>
/// <remarks>
/// Times fall into four buckets for each power of two of timer ticks, so a percentile is right to within a quarter.
/// Thread safety: counting may be done concurrently; a reading taken meanwhile may miss the last counts.
/// </remarks>
internal sealed class WalkStatistics
{
    private const int SubBits = 2;
    private const int Buckets = 64 << SubBits;

    private readonly Kind[] _kinds = [new(), new(), new(), new()];

    /// <summary>The lock was busy and the walk not done.</summary>
    internal void CountContended(WalkKind kind) => Interlocked.Increment(ref _kinds[(int)kind].Contended);

    /// <summary>One hold of a range lock has ended.</summary>
    /// <param name="kind">What for.</param>
    /// <param name="waited">Timer ticks from asking for the lock to having it.</param>
    /// <param name="held">Timer ticks from having it to giving it back.</param>
    internal void CountHold(WalkKind kind, long waited, long held)
    {
        _kinds[(int)kind].Waits.Add(waited);
        _kinds[(int)kind].Holds.Add(held);
    }

    /// <summary>One walk has ended.</summary>
    internal void CountNodes(WalkKind kind, in WalkCounts counts)
    {
        Kind of = _kinds[(int)kind];
        _ = Interlocked.Increment(ref of.Walks);
        _ = Interlocked.Add(ref of.Counts.Nodes, counts.Nodes);
        _ = Interlocked.Add(ref of.Counts.OtherAddress, counts.OtherAddress);
        _ = Interlocked.Add(ref of.Counts.OtherPass, counts.OtherPass);
        _ = Interlocked.Add(ref of.Counts.Visits, counts.Visits);
    }

    /// <summary>What has been counted for a kind.</summary>
    internal WalkFigures Read(WalkKind kind)
    {
        Kind of = _kinds[(int)kind];
        return new WalkFigures
        {
            Walks = Volatile.Read(ref of.Walks),
            Contended = Volatile.Read(ref of.Contended),
            NodesVisited = Volatile.Read(ref of.Counts.Nodes),
            RejectedByAddress = Volatile.Read(ref of.Counts.OtherAddress),
            RejectedByPass = Volatile.Read(ref of.Counts.OtherPass),
            Visits = Volatile.Read(ref of.Counts.Visits),
            Hold = of.Holds.Read(),
            Wait = of.Waits.Read(),
        };
    }

    /// <summary>Forgets everything counted so far.</summary>
    internal void Reset()
    {
        for (int i = 0; i < _kinds.Length; i++)
        {
            _kinds[i].Clear();
        }
    }

    private sealed class Kind
    {
        internal long Walks;
        internal long Contended;
        internal WalkCounts Counts;

        internal Times Holds { get; } = new();

        internal Times Waits { get; } = new();

        internal void Clear()
        {
            (Walks, Contended, Counts) = (0, 0, default);
            Holds.Clear();
            Waits.Clear();
        }
    }

    private sealed class Times
    {
        private readonly long[] _buckets = new long[Buckets];
        private long _sum;
        private long _max;

        internal void Add(long ticks)
        {
            ticks = long.Max(ticks, 0);
            _ = Interlocked.Increment(ref _buckets[BucketOf(ticks)]);
            _ = Interlocked.Add(ref _sum, ticks);
            for (long seen = Volatile.Read(ref _max); ticks > seen;)
            {
                long before = Interlocked.CompareExchange(ref _max, ticks, seen);
                if (before == seen)
                {
                    break;
                }

                seen = before;
            }
        }

        internal HoldTimes Read()
        {
            Span<long> buckets = stackalloc long[Buckets];
            _buckets.CopyTo(buckets);
            long count = 0;
            foreach (long bucket in buckets)
            {
                count += bucket;
            }

            long max = Volatile.Read(ref _max);
            return new HoldTimes
            {
                Count = count,
                Total = Time(Volatile.Read(ref _sum)),
                Max = Time(max),
                Average = Time(count == 0 ? 0 : Volatile.Read(ref _sum) / count),
                Median = Time(long.Min(max, Percentile(buckets, count / 2))),
                Percentile99 = Time(long.Min(max, Percentile(buckets, count - (count / 100) - 1))),
            };
        }

        internal void Clear()
        {
            Array.Clear(_buckets);
            (_sum, _max) = (0, 0);
        }

        private static TimeSpan Time(long ticks) => Stopwatch.GetElapsedTime(0, ticks);

        private static int BucketOf(long ticks)
        {
            int log = BitOperations.Log2((ulong)ticks | 1);
            int below = log < SubBits ? 0 : (int)(ticks >> (log - SubBits)) & ((1 << SubBits) - 1);
            return (log << SubBits) | below;
        }

        // Upper end of the bucket in which the observation with this rank lies.
        private static long Percentile(ReadOnlySpan<long> buckets, long rank)
        {
            int at = 0;
            for (long seen = buckets[0]; seen <= rank && at + 1 < buckets.Length; seen += buckets[at])
            {
                at++;
            }

            int log = at >> SubBits;
            long below = (at & ((1 << SubBits) - 1)) + 1;
            return log < SubBits ? (2L << log) - 1 : (1L << log) + (below << (log - SubBits)) - 1;
        }
    }
}
