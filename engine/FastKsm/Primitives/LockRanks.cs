using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;

namespace FastKsm.Primitives;

/// <summary>
/// Checks that every thread takes locks in the order of <see cref="LockRank"/>, and what it does under a leaf's latch.
/// </summary>
/// <remarks>
/// On in debug builds, and where the runtime configuration sets <c>FastKsm.Primitives.LockRanks</c>, as that of the
/// tests does. A static readonly field is a constant to the JIT compiler, so that what depends on it costs nothing
/// where it is off. A violation throws on the spot: the message names both places. Thread safety: each thread has its
/// own list.
/// </remarks>
internal static class LockRanks
{
#if DEBUG
    private const bool Default = true;
#else
    private const bool Default = false;
#endif

    /// <summary>Whether it is on.</summary>
    internal static readonly bool IsOn = AppContext.TryGetSwitch("FastKsm.Primitives.LockRanks", out bool isOn) ? isOn : Default;

    [ThreadStatic]
    private static List<Held>? s_held;

    // The runtime settles a thread's account when it collects, and the first call of a method may allocate. What
    // allocates again and again at one place is the engine's own: each time counts four, each time without takes one
    // off.
    private const int Strike = 4;
    private const int StrikesOut = 64;

    private static readonly ConcurrentDictionary<(string File, int Line), int> s_strikes = new();

    // Places that have strikes. Most of the time there is none, and a leaf's latch is given back without a look at the
    // table.
    private static volatile int s_struck;

    // Bytes that checks have allocated, which are no fault of the code they check.
    [ThreadStatic]
    private static long s_excused;

    private static List<Held> OfThread => s_held ??= new List<Held>(32);

    /// <summary>A lock is about to be taken.</summary>
    /// <param name="rank">Which.</param>
    /// <param name="file">Where.</param>
    /// <param name="line">In which line.</param>
    /// <exception cref="InvalidOperationException">A lock is held that must be taken after it.</exception>
    internal static void Enter(LockRank rank, string file, int line)
    {
        List<Held> held = OfThread;
        foreach (Held other in held)
        {
            if (other.Rank > rank || (other.Rank == rank && !MayHoldTwo(rank)))
            {
                throw Broken($"{rank} is taken at {Place(file, line)} under {other.Rank}, which was taken at {other.Place}");
            }
        }

        long allocated = rank == LockRank.PageTableLeaf ? GC.GetAllocatedBytesForCurrentThread() - s_excused : 0;
        held.Add(new Held(rank, file, line, allocated, GC.CollectionCount(0)));
    }

    /// <summary>A lock has been tried, and taken: the order does not matter then.</summary>
    internal static void Tried(LockRank rank, string file, int line) => OfThread.Add(new Held(rank, file, line, 0, 0));

    /// <summary>A lock is about to be given back.</summary>
    /// <exception cref="InvalidOperationException">
    /// Managed memory has been allocated under a leaf's latch, many times at one place.
    /// </exception>
    internal static void Exit(LockRank rank)
    {
        List<Held> held = OfThread;
        for (int i = held.Count - 1; i >= 0; i--)
        {
            if (held[i].Rank == rank)
            {
                Held ended = held[i];
                held.RemoveAt(i);
                if (rank == LockRank.PageTableLeaf)
                {
                    CheckAllocation(ended);
                }

                return;
            }
        }

        throw Broken($"{rank} is given back, and the thread does not hold it");
    }

    /// <summary>
    /// The thread is about to do what must not be done under a leaf's latch or anything inside of it.
    /// </summary>
    /// <param name="what">What: to wait, to allocate, to call out.</param>
    /// <param name="file">Where.</param>
    /// <param name="line">In which line.</param>
    /// <exception cref="InvalidOperationException">Such a latch is held.</exception>
    internal static void AssertOutsideOfLeaves(
        string what, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        foreach (Held held in OfThread)
        {
            if (held.Rank is LockRank.PageTableLeaf or LockRank.HugeSharers or >= LockRank.FlushQueue)
            {
                throw Broken($"{what} at {Place(file, line)} under {held.Rank}, which was taken at {held.Place}");
            }
        }
    }

    /// <summary>A check has allocated so many bytes.</summary>
    internal static void Excuse(long bytes) => s_excused += bytes;

    /// <summary>
    /// A check has found a fault, and says so at length: what is allocated under the leaf that is held is no other
    /// fault.
    /// </summary>
    internal static void ExcuseLeaf() => s_excused += 1L << 40;

    private static void CheckAllocation(Held ended)
    {
        long now = GC.GetAllocatedBytesForCurrentThread();
        long allocated = now - s_excused - ended.Allocated;
        bool strikes = allocated > 0 && GC.CollectionCount(0) == ended.Collections;
        if (!strikes && s_struck == 0)
        {
            return;
        }

        // Two threads at one place may lose a count; the next ones come.
        (string File, int Line) place = (ended.File, ended.Line);
        int score = s_strikes.GetValueOrDefault(place) + (strikes ? Strike : -1);
        if (score > 0)
        {
            s_strikes[place] = score;
        }
        else
        {
            _ = s_strikes.TryRemove(place, out _);
        }

        s_struck = s_strikes.Count;

        // Another leaf may be held: what is counted here is none of its business.
        Excuse(GC.GetAllocatedBytesForCurrentThread() - now);
        if (score > StrikesOut)
        {
            throw Broken($"{allocated} bytes were allocated under {ended.Rank}, which was taken at {ended.Place}");
        }
    }

    private static bool MayHoldTwo(LockRank rank) =>
        rank is LockRank.MmLock or LockRank.AnonVmaRange or LockRank.PageTableLeaf;

    private static string Place(string file, int line) => $"{Path.GetFileName(file)}:{line}";

    private static InvalidOperationException Broken(string what) => new($"Lock order is broken: {what}.");

    private readonly record struct Held(LockRank Rank, string File, int Line, long Allocated, int Collections)
    {
        internal string Place => $"{Path.GetFileName(File)}:{Line}";
    }
}
