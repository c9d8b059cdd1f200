using System;
using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <summary>The last events of a machine's flushes, for tests and for people.</summary>
/// <remarks>Thread safety: all members may be called concurrently; a spin latch orders the events.</remarks>
internal sealed class FlushLog
{
    private readonly FlushEvent[] _events;
    private long _written;
    private int _latch;

    /// <summary>Makes an empty log.</summary>
    /// <param name="capacity">Events that it keeps; at least one.</param>
    internal FlushLog(int capacity) => _events = new FlushEvent[capacity];

    /// <summary>Events that have been overwritten.</summary>
    internal long Lost => Math.Max(0, _written - _events.Length);

    /// <summary>Appends an event.</summary>
    internal void Append(in FlushEvent happened)
    {
        SpinLatch.Enter(ref _latch, LockRank.FlushLog);
        _events[_written % _events.Length] = happened;
        _written++;
        SpinLatch.Exit(ref _latch, LockRank.FlushLog);
    }

    /// <summary>The events that are left, oldest first.</summary>
    internal FlushEvent[] Events()
    {
        SpinLatch.Enter(ref _latch, LockRank.FlushLog);
        FlushEvent[] kept;
        try
        {
            kept = new FlushEvent[Math.Min(_written, _events.Length)];
            for (int i = 0; i < kept.Length; i++)
            {
                kept[i] = _events[(Lost + i) % _events.Length];
            }
        }
        finally
        {
            SpinLatch.Exit(ref _latch, LockRank.FlushLog);
        }

        return kept;
    }

    /// <summary>Counts all over again from the events.</summary>
    /// <returns>
    /// What the live counters say, if nothing has been lost; but for hits and misses, which are no events.
    /// </returns>
    internal TlbCounters Replay()
    {
        TlbCounters counters = default;
        foreach (FlushEvent happened in Events())
        {
            counters.Count(in happened);
        }

        return counters;
    }
}
