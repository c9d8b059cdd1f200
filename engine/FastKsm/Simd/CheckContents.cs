using System;

namespace FastKsm.Simd;

/// <summary>The contents and alignments that the self test tries on every path.</summary>
internal static class CheckContents
{
    /// <summary>Alignments tried: every offset within a cache line of 64 bytes.</summary>
    internal const int Alignments = 64;

    /// <summary>The longest content tried, in bytes.</summary>
    internal const int LongestBytes = 8192;

    /// <summary>
    /// Lengths in bytes: each form of the checksum, both sides of each boundary between forms and steps, and page sizes.
    /// </summary>
    internal static ReadOnlySpan<int> Lengths =>
        [16, 32, 64, 112, 128, 144, 240, 256, 272, 320, 512, 1008, 1024, 1040, 1088, 2048, 2064, 4080, 4096, 4112, 8192];

    /// <summary>The contents, each with room to start at any alignment: random, all bits clear, all bits set.</summary>
    internal static byte[][] Make(int seed)
    {
        byte[] random = new byte[LongestBytes + Alignments];
        new Random(seed).NextBytes(random);
        byte[] ones = new byte[random.Length];
        Array.Fill(ones, byte.MaxValue);
        return [random, new byte[random.Length], ones];
    }
}
