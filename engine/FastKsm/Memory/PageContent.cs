using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FastKsm.Primitives;

namespace FastKsm.Memory;

/// <summary>Exactly defined contents, named by number, so that a script means the same bytes everywhere.</summary>
/// <remarks>
/// Content 0 is all zeroes. Content n &gt; 0 is the stream of SplitMix64 with initial state n (Steele, Lea, Flood: Fast
/// Splittable Pseudorandom Number Generators, 2014), as little-endian 64-bit words, cut to the content size.
/// </remarks>
internal static class PageContent
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    /// <summary>Writes content <paramref name="number"/>; any length of whole words.</summary>
    internal static void Fill(Span<byte> content, ulong number)
    {
        Debug.Assert(content.Length % Sizes.ContentGranule == 0, "Contents are whole granules.");
        Debug.Assert(BitConverter.IsLittleEndian, "The words are stored as the host stores them.");
        if (number == 0)
        {
            content.Clear();
            return;
        }

        ulong state = number;
        foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(content))
        {
            state += Gamma;
            ulong z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            word = z ^ (z >> 31);
        }
    }
}
