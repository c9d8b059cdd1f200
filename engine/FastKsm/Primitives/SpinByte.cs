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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Enter(ref byte latch)
    {
        if (!TryEnter(ref latch))
        {
            EnterContended(ref latch);
        }
    }

    /// <summary>Takes the latch if it is free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnter(ref byte latch) => Interlocked.CompareExchange(ref latch, (byte)1, (byte)0) == 0;

    /// <summary>Gives the latch back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit(ref byte latch)
    {
        Debug.Assert(latch == 1, "Latch released twice.");

        // Release store: were it to overtake the section's last write, the next holder could miss that write.
        Volatile.Write(ref latch, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void EnterContended(ref byte latch)
    {
        SpinWait spinner = default;
        do
        {
            spinner.SpinOnce();
        }
        while (Volatile.Read(ref latch) != 0 || !TryEnter(ref latch));
    }
}
