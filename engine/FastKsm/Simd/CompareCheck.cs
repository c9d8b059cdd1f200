using System;
using System.Runtime.InteropServices;

namespace FastKsm.Simd;

/// <summary>Holds one lane of <see cref="PageCompare"/> against the framework's byte order.</summary>
internal static class CompareCheck
{
    /// <summary>Runs the checks.</summary>
    /// <returns>The first wrong result, or null.</returns>
    internal static string? Run<TLane>(int seed)
        where TLane : struct, IPageLane
    {
        Random random = new(seed);
        byte[] right = new byte[CheckContents.LongestBytes + CheckContents.Alignments];
        foreach (byte[] left in CheckContents.Make(seed))
        {
            foreach (int length in CheckContents.Lengths)
            {
                for (int alignment = 0; alignment < CheckContents.Alignments; alignment++)
                {
                    Span<byte> leftContent = left.AsSpan(alignment, length);
                    Span<byte> rightContent = right.AsSpan(random.Next(CheckContents.Alignments), length);
                    leftContent.CopyTo(rightContent);
                    if (Order<TLane>(leftContent, rightContent) != 0)
                    {
                        return $"equal contents of {length} bytes, alignment {alignment}, seed {seed}";
                    }

                    // The top bit: signed and unsigned orders disagree about it. The byte after it must not matter.
                    int at = random.Next(length);
                    rightContent[at] ^= 0x80;
                    rightContent[^1] ^= 0x01;
                    int expected = Math.Sign(((ReadOnlySpan<byte>)leftContent).SequenceCompareTo(rightContent));
                    if (Order<TLane>(leftContent, rightContent) != expected
                        || Order<TLane>(rightContent, leftContent) != -expected)
                    {
                        return $"difference at byte {at} of {length}, alignment {alignment}, seed {seed}";
                    }
                }
            }
        }

        return null;
    }

    private static int Order<TLane>(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        where TLane : struct, IPageLane =>
        Math.Sign(PageCompare.CompareWith<TLane>(
            in MemoryMarshal.GetReference(left), in MemoryMarshal.GetReference(right), (nuint)left.Length));
}
