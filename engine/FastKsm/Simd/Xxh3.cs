using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FastKsm.Simd;

/// <summary>Constants and mixing steps of XXH3 with its default secret and seed 0.</summary>
/// <remarks>
/// Source: the XXH3 part of the xxHash specification (xxhash_spec.md, stable since xxHash 0.8.0). A <em>stripe</em> is 64
/// bytes; a <em>block</em> is the 16 stripes after which the eight accumulators are scrambled.
/// </remarks>
internal static class Xxh3
{
    /// <summary>Bytes that one step of the long form consumes: one 64-bit word for each accumulator.</summary>
    internal const int StripeBytes = 64;

    /// <summary>Accumulators of the long form.</summary>
    internal const int AccumulatorCount = 8;

    /// <summary>The secret moves by this much, in bytes, from one stripe to the next.</summary>
    internal const int SecretStep = 8;

    /// <summary>Size of the default secret, in bytes.</summary>
    internal const int SecretBytes = 192;

    /// <summary>Stripes between two scrambles: as many as the secret has starting points for.</summary>
    internal const int StripesPerBlock = (SecretBytes - StripeBytes) / SecretStep;

    /// <summary>Bytes between two scrambles.</summary>
    internal const int BlockBytes = StripesPerBlock * StripeBytes;

    /// <summary>Offset into the secret of the scramble's key, in bytes.</summary>
    internal const int ScrambleSecret = SecretBytes - StripeBytes;

    /// <summary>Offset into the secret of the key for the last stripe, which is the last 64 bytes whatever the length.</summary>
    internal const int LastStripeSecret = ScrambleSecret - 7;

    /// <summary>Offset into the secret of the key for the merge into the low half, or into a 64-bit result, in bytes.</summary>
    internal const int MergeLowSecret = 11;

    /// <summary>Offset into the secret of the key for the merge into the high half, in bytes.</summary>
    internal const int MergeHighSecret = SecretBytes - StripeBytes - MergeLowSecret;

    /// <summary>The longest content, in bytes, that has no stripes.</summary>
    internal const int LongestShort = 240;

    internal const uint Prime32A = 0x9E3779B1;
    internal const uint Prime32B = 0x85EBCA77;
    internal const uint Prime32C = 0xC2B2AE3D;
    internal const ulong Prime64A = 0x9E3779B185EBCA87;
    internal const ulong Prime64B = 0xC2B2AE3D27D4EB4F;
    internal const ulong Prime64C = 0x165667B19E3779F9;
    internal const ulong Prime64D = 0x85EBCA77C2B2AE63;
    internal const ulong Prime64E = 0x27D4EB2F165667C5;

    /// <summary>The default secret.</summary>
    internal static ReadOnlySpan<byte> Secret =>
    [
        0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
        0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
        0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
        0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
        0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
        0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
        0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
        0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
        0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
        0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
        0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
        0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
    ];

    /// <summary>What the eight accumulators of the long form start from: the primes 32C, 64A to 64D, 32B, 64E, 32A, little-endian.</summary>
    /// <remarks>Bytes, because code that is not optimised takes a span of wider constants by way of a managed object.</remarks>
    internal static ReadOnlySpan<byte> InitialAccumulators =>
    [
        0x3d, 0xae, 0xb2, 0xc2, 0x00, 0x00, 0x00, 0x00, 0x87, 0xca, 0xeb, 0x85, 0xb1, 0x79, 0x37, 0x9e,
        0x4f, 0xeb, 0xd4, 0x27, 0x3d, 0xae, 0xb2, 0xc2, 0xf9, 0x79, 0x37, 0x9e, 0xb1, 0x67, 0x56, 0x16,
        0x63, 0xae, 0xb2, 0xc2, 0x77, 0xca, 0xeb, 0x85, 0x77, 0xca, 0xeb, 0x85, 0x00, 0x00, 0x00, 0x00,
        0xc5, 0x67, 0x56, 0x16, 0x2f, 0xeb, 0xd4, 0x27, 0xb1, 0x79, 0x37, 0x9e, 0x00, 0x00, 0x00, 0x00,
    ];

    /// <summary>The secret's little-endian word at an offset in bytes, which need not be aligned.</summary>
    internal static ulong SecretWord(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Secret[offset..]);

    /// <summary>The content's little-endian word at an offset in bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Word(ref readonly byte content, nuint offset)
    {
        ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref Unsafe.AsRef(in content), offset));
        return BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
    }

    /// <summary>The halves of the 128-bit product, exclusive-ored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong MultiplyFold(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }

    /// <summary>Spreads every bit of a nearly mixed word over all of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Avalanche(ulong word)
    {
        word ^= word >> 37;
        word *= 0x165667919E3779F9;
        return word ^ (word >> 32);
    }

    /// <summary>Folds the accumulators, keyed already, into one half of the result.</summary>
    /// <param name="start">What the sum of the four products starts from; depends on the length and on the half.</param>
    /// <param name="pair0">Accumulators 0 and 1.</param>
    /// <param name="pair1">Accumulators 2 and 3.</param>
    /// <param name="pair2">Accumulators 4 and 5.</param>
    /// <param name="pair3">Accumulators 6 and 7.</param>
    /// <remarks>
    /// The pairs come in registers, not through memory: reading back what a wide store that straddles a cache line wrote
    /// stalls for longer than a block takes, and the stack is not aligned to more than 16 bytes.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Merge(
        ulong start, Vector128<ulong> pair0, Vector128<ulong> pair1, Vector128<ulong> pair2, Vector128<ulong> pair3)
    {
        // Four independent products, added as a tree: their latencies overlap.
        ulong product0 = MultiplyFold(pair0.ToScalar(), pair0.GetElement(1));
        ulong product1 = MultiplyFold(pair1.ToScalar(), pair1.GetElement(1));
        ulong product2 = MultiplyFold(pair2.ToScalar(), pair2.GetElement(1));
        ulong product3 = MultiplyFold(pair3.ToScalar(), pair3.GetElement(1));
        return Avalanche(start + (product0 + product1) + (product2 + product3));
    }

    /// <summary>What the merge into the low half, or into a 64-bit result, starts from.</summary>
    internal static ulong MergeLowStart(nuint length) => length * Prime64A;

    /// <summary>What the merge into the high half starts from.</summary>
    internal static ulong MergeHighStart(nuint length) => ~(length * Prime64B);
}
