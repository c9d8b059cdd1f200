using System;
using System.Buffers.Binary;

namespace FastKsm.Scripting.Running;

/// <summary>The contents that scripts name by number: the same bytes on every performer.</summary>
/// <remarks>
/// Content 0 is all zeroes. Word k (from 0) of content n &gt; 0 is output k + 1 of SplitMix64 with initial state n (Steele,
/// Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), 64 bits, little-endian, cut to the content size.
/// </remarks>
public static class ScriptContent
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    /// <summary>Writes a content.</summary>
    /// <param name="destination">Receives it; whole 64-bit words.</param>
    /// <param name="number">Which content.</param>
    /// <exception cref="ArgumentException">The length is not whole words.</exception>
    public static void Fill(Span<byte> destination, ulong number)
    {
        if (destination.Length % sizeof(ulong) != 0)
        {
            throw new ArgumentException(
                $"Expected whole words of {sizeof(ulong)} bytes but got {destination.Length} bytes.", nameof(destination));
        }

        if (number == 0)
        {
            destination.Clear();
            return;
        }

        ulong state = number;
        for (; !destination.IsEmpty; destination = destination[sizeof(ulong)..])
        {
            state += Gamma;
            ulong z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            BinaryPrimitives.WriteUInt64LittleEndian(destination, z ^ (z >> 31));
        }
    }
}
