using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Primitives;

/// <summary>A latch in one byte of a record, for records that are counted in millions. As <see cref="SpinLatch"/>
/// otherwise.</summary>
/// <remarks>
/// Thread safety: that is its job. Not reentrant; its holder must not wait, fault or call an observer.
/// </remarks>
internal static class SpinByte
{
    /// <summary>Waits until the latch is free and takes it.</summary>
    /// <param name="latch">The latch.</param>
    /// <param name="rank">Its place in the order of locks.</param>
    /// <param name="file">Where it is taken.</param>
    /// <param name="line">In which line.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Enter(
        ref byte latch, LockRank rank, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (LockRanks.IsOn)
        {
            LockRanks.Enter(rank, file, line);
        }

        if (!TryTake(ref latch))
        {
            EnterContended(ref latch);
        }
    }

    /// <summary>Takes the latch if it is free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnter(
        ref byte latch, LockRank rank, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        bool taken = TryTake(ref latch);
        if (LockRanks.IsOn && taken)
        {
            LockRanks.Tried(rank, file, line);
        }

        return taken;
    }

    /// <summary>Gives the latch back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit(ref byte latch, LockRank rank)
    {
        Debug.Assert(latch == 1, "Latch released twice.");

        // Release store: were it to overtake the section's last write, the next holder could miss that write.
        Volatile.Write(ref latch, 0);
        if (LockRanks.IsOn)
        {
            LockRanks.Exit(rank);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void EnterContended(ref byte latch)
    {
        SpinWait spinner = default;
        do
        {
            spinner.SpinOnce();
        }
        while (Volatile.Read(ref latch) != 0 || !TryTake(ref latch));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryTake(ref byte latch) => Interlocked.CompareExchange(ref latch, (byte)1, (byte)0) == 0;
}
