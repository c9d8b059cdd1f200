using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>What layouts share: arrays that are there from the start, and the search for a free slot.</summary>
internal static class LayoutMemory
{
    /// <summary>Makes an array of zeroes.</summary>
    /// <param name="length">Elements.</param>
    /// <param name="prefault">Whether the host is to back it with memory now, as the kernel's arrays are.</param>
    /// <param name="faults">Asked once.</param>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for it.</exception>
    internal static NativeColumn<T> MakeColumn<T>(uint length, bool prefault, AllocationFaults faults)
        where T : unmanaged
    {
        NativeColumn<T> column = NativeColumn<T>.TryMake(length, faults)
            ?? throw new OutOfNativeMemoryException("The host has no memory for a swap device's tables.");
        column.PreferSmallPages();
        if (prefault)
        {
            for (uint done = 0; done < length;)
            {
                int run = (int)uint.Min(length - done, 1 << 20);
                column.Run(done, run).Clear();
                done += (uint)run;
            }
        }

        return column;
    }

    /// <summary>The first element from a place on that is the default; their number if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Next<T>(ReadOnlySpan<T> entries, int position)
        where T : unmanaged, IEquatable<T>
    {
        // Mostly the very next one.
        if (position < entries.Length && entries[position].Equals(default))
        {
            return position;
        }

        int found = position < entries.Length ? entries[position..].IndexOf(default(T)) : -1;
        return found < 0 ? entries.Length : position + found;
    }

    /// <summary>How many elements in a row, from the first on, are the default; at most so many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int CountDefault<T>(ReadOnlySpan<T> entries, int most)
        where T : unmanaged, IEquatable<T>
    {
        ReadOnlySpan<T> looked = entries[..int.Min(most, entries.Length)];
        int other = looked.IndexOfAnyExcept(default(T));
        return other < 0 ? looked.Length : other;
    }

    /// <summary>Adds a number to elements in a row, a vector of them at a time, as long as all of a vector are as
    /// wanted.</summary>
    /// <remarks>A reader without the lock never sees an element half written: they are aligned, and no x86 parts
    /// aligned elements of a vector. Others have no vectors of this length.</remarks>
    /// <param name="words">First element.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="mask">The bits to look at.</param>
    /// <param name="wanted">What they have to be.</param>
    /// <param name="addend">The number.</param>
    /// <returns>Elements that have been added to, the first ones of all; what is left goes one by one.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe int AddInVectors<T>(T* words, int count, T mask, T wanted, T addend)
        where T : unmanaged
    {
        int done = 0;
        while (Vector256.IsHardwareAccelerated && done + Vector256<T>.Count <= count)
        {
            Vector256<T> some = Vector256.Load(words + done);
            if (!Vector256.EqualsAll(some & Vector256.Create(mask), Vector256.Create(wanted)))
            {
                break;
            }

            Vector256.Store(some + Vector256.Create(addend), words + done);
            done += Vector256<T>.Count;
        }

        return done;
    }
}
