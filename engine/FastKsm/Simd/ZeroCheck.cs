using System;
using System.Runtime.InteropServices;

namespace FastKsm.Simd;

/// <summary>Holds one lane of <see cref="PageZero"/> against contents with no bit and with one bit set.</summary>
internal static class ZeroCheck
{
    /// <summary>Runs the checks.</summary>
    /// <returns>The first wrong result, or null.</returns>
    internal static string? Run<TLane>(int seed)
        where TLane : struct, IPageLane
    {
        Random random = new(seed);
        byte[] bytes = new byte[CheckContents.LongestBytes + (2 * CheckContents.Alignments)];
        foreach (int length in CheckContents.Lengths)
        {
            for (int alignment = 0; alignment < CheckContents.Alignments; alignment++)
            {
                // Set bytes on both sides show a path that reads too far.
                Array.Fill(bytes, byte.MaxValue);
                Span<byte> content = bytes.AsSpan(alignment + 1, length);
                content.Clear();
                if (!IsZero<TLane>(content))
                {
                    return $"zeroes of {length} bytes, alignment {alignment + 1}";
                }

                int at = random.Next(length);
                content[at] = (byte)(1 << random.Next(8));
                if (IsZero<TLane>(content))
                {
                    return $"bit set in byte {at} of {length}, alignment {alignment + 1}, seed {seed}";
                }
            }
        }

        return null;
    }

    private static bool IsZero<TLane>(ReadOnlySpan<byte> content)
        where TLane : struct, IPageLane =>
        PageZero.IsZeroWith<TLane>(in MemoryMarshal.GetReference(content), (nuint)content.Length);
}
