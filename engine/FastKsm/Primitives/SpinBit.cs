using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Primitives;

/// <summary>A latch in the lowest bit of a word whose other bits its holder may change. As <see cref="SpinLatch"/>
/// otherwise.</summary>
/// <remarks>Thread safety: that is its job. Who does not hold it must not write the word.</remarks>
internal static class SpinBit
{
    /// <summary>Waits until the latch is free and takes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Enter(ref int word)
    {
        if (!TryEnter(ref word))
        {
            EnterContended(ref word);
        }
    }

    /// <summary>Takes the latch if it is free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnter(ref int word)
    {
        int seen = Volatile.Read(ref word) & ~1;
        return Interlocked.CompareExchange(ref word, seen | 1, seen) == seen;
    }

    /// <summary>Gives the latch back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit(ref int word)
    {
        Debug.Assert((word & 1) != 0, "Latch released twice.");

        // Release store: were it to overtake the section's last write, the next holder could miss that write.
        Volatile.Write(ref word, word & ~1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void EnterContended(ref int word)
    {
        SpinWait spinner = default;
        do
        {
            spinner.SpinOnce();
        }
        while ((Volatile.Read(ref word) & 1) != 0 || !TryEnter(ref word));
    }
}
