using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKsm.Primitives;
using static FastKsm.Simd.Xxh3;

namespace FastKsm.Simd;

/// <summary>XXH3 of contents of 16 to 240 bytes: fingerprints, and pages of models smaller than any real one.</summary>
/// <remarks>
/// These forms mix pairs of words through 64 by 64 bit products; they have no stripes and so nothing to vectorise.
/// Lengths are whole granules of 16 bytes, so the published forms for 1 to 15 bytes are not here.
/// </remarks>
internal static class Xxh3Short
{
    // The published form has another schedule above this length, in bytes.
    private const int LongestSmall = 128;

    // From the ninth pair on the secret is read this far off its start, and this far off its nominal end for the last pair.
    private const int MiddleSecret = 3;
    private const int LastSecret = 136 - 17;

    /// <summary>The 64-bit result.</summary>
    internal static ulong Hash64(ref readonly byte content, nuint length)
    {
        AssertLength(length);
        return length == Sizes.ContentGranule ? Hash64Granule(in content)
            : length <= LongestSmall ? Hash64Small(in content, length)
            : Hash64Middle(in content, length);
    }

    /// <summary>The 128-bit result.</summary>
    internal static UInt128 Hash128(ref readonly byte content, nuint length)
    {
        AssertLength(length);
        return length == Sizes.ContentGranule ? Hash128Granule(in content)
            : length <= LongestSmall ? Hash128Small(in content, length)
            : Hash128Middle(in content, length);
    }

    private static ulong Hash64Granule(ref readonly byte content)
    {
        ulong low = Word(in content, 0) ^ SecretWord(24) ^ SecretWord(32);
        ulong high = Word(in content, 8) ^ SecretWord(40) ^ SecretWord(48);
        return Avalanche(
            Sizes.ContentGranule + BinaryPrimitives.ReverseEndianness(low) + high + MultiplyFold(low, high));
    }

    // Pairs of granules, from both ends inward.
    private static ulong Hash64Small(ref readonly byte content, nuint length)
    {
        ulong sum = length * Prime64A;
        int pairs = ((int)length + 31) / 32;
        for (int pair = pairs - 1; pair >= 0; pair--)
        {
            sum += Mix(in content, (nuint)(16 * pair), 32 * pair);
            sum += Mix(in content, length - (nuint)(16 * (pair + 1)), (32 * pair) + 16);
        }

        return Avalanche(sum);
    }

    private static ulong Hash64Middle(ref readonly byte content, nuint length)
    {
        ulong sum = length * Prime64A;
        for (int granule = 0; granule < 8; granule++)
        {
            sum += Mix(in content, (nuint)(16 * granule), 16 * granule);
        }

        sum = Avalanche(sum);
        for (int granule = 8; granule < (int)length / 16; granule++)
        {
            sum += Mix(in content, (nuint)(16 * granule), (16 * (granule - 8)) + MiddleSecret);
        }

        return Avalanche(sum + Mix(in content, length - 16, LastSecret));
    }

    private static UInt128 Hash128Granule(ref readonly byte content)
    {
        ulong first = Word(in content, 0);
        ulong second = Word(in content, 8);
        ulong keyLow = SecretWord(32) ^ SecretWord(40);
        ulong keyHigh = SecretWord(48) ^ SecretWord(56);

        ulong high = Math.BigMul(first ^ second ^ keyLow, Prime64A, out ulong low);
        low += (ulong)(Sizes.ContentGranule - 1) << 54;
        second ^= keyHigh;
        high += second + ((second & uint.MaxValue) * (Prime32B - 1));
        low ^= BinaryPrimitives.ReverseEndianness(high);

        ulong resultHigh = Math.BigMul(low, Prime64B, out ulong resultLow) + (high * Prime64B);
        return new UInt128(Avalanche(resultHigh), Avalanche(resultLow));
    }

    private static UInt128 Hash128Small(ref readonly byte content, nuint length)
    {
        ulong low = length * Prime64A;
        ulong high = 0;
        int pairs = ((int)length + 31) / 32;
        for (int pair = pairs - 1; pair >= 0; pair--)
        {
            MixPair(
                in content, (nuint)(16 * pair), length - (nuint)(16 * (pair + 1)), 32 * pair, ref low, ref high);
        }

        return Finish(low, high, length);
    }

    private static UInt128 Hash128Middle(ref readonly byte content, nuint length)
    {
        ulong low = length * Prime64A;
        ulong high = 0;
        for (int pair = 0; pair < 4; pair++)
        {
            MixPair(in content, (nuint)(32 * pair), (nuint)(32 * pair) + 16, 32 * pair, ref low, ref high);
        }

        low = Avalanche(low);
        high = Avalanche(high);
        for (int pair = 4; pair < (int)length / 32; pair++)
        {
            MixPair(
                in content,
                (nuint)(32 * pair),
                (nuint)(32 * pair) + 16,
                (32 * (pair - 4)) + MiddleSecret,
                ref low,
                ref high);
        }

        MixPair(in content, length - 16, length - 32, LastSecret - 16, ref low, ref high);
        return Finish(low, high, length);
    }

    private static UInt128 Finish(ulong low, ulong high, nuint length) => new(
        0 - Avalanche((low * Prime64A) + (high * Prime64D) + (length * Prime64B)),
        Avalanche(low + high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MixPair(
        ref readonly byte content, nuint first, nuint second, int secret, ref ulong low, ref ulong high)
    {
        low += Mix(in content, first, secret);
        low ^= Word(in content, second) + Word(in content, second + 8);
        high += Mix(in content, second, secret + 16);
        high ^= Word(in content, first) + Word(in content, first + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ref readonly byte content, nuint offset, int secret) => MultiplyFold(
        Word(in content, offset) ^ SecretWord(secret),
        Word(in content, offset + 8) ^ SecretWord(secret + 8));

    [Conditional("DEBUG")]
    private static void AssertLength(nuint length) => Debug.Assert(
        length is >= Sizes.ContentGranule and <= LongestShort && length % Sizes.ContentGranule == 0,
        "Short contents are 16 to 240 bytes in whole granules.");
}
