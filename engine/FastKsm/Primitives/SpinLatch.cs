using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Primitives;

/// <summary>A latch in one word of native or managed memory, for sections of nanoseconds.</summary>
/// <remarks>Thread safety: that is its job. Not reentrant; its holder must not wait, fault or call an observer.</remarks>
internal static class SpinLatch
{
    /// <summary>Waits until the latch is free and takes it.</summary>
    /// <param name="latch">The latch.</param>
    /// <param name="rank">Its place in the order of locks.</param>
    /// <param name="file">Where it is taken.</param>
    /// <param name="line">In which line.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Enter(
        ref int latch, LockRank rank, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (LockRanks.IsOn)
        {
            LockRanks.Enter(rank, file, line);
        }

        if (Interlocked.CompareExchange(ref latch, 1, 0) != 0)
        {
            EnterContended(ref latch);
        }
    }

    /// <summary>Gives the latch back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit(ref int latch, LockRank rank)
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
    private static void EnterContended(ref int latch)
    {
        SpinWait spinner = default;
        do
        {
            spinner.SpinOnce();
        }
        while (Volatile.Read(ref latch) != 0 || Interlocked.CompareExchange(ref latch, 1, 0) != 0);
    }
}
