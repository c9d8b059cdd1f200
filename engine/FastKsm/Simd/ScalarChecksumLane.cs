using System;
using System.Runtime.InteropServices;
using static FastKsm.Simd.Xxh3;

namespace FastKsm.Simd;

/// <summary>The published form, word by word: the reference every other lane is tested against.</summary>
internal readonly struct ScalarChecksumLane : IChecksumLane
{
    public static ulong Hash64(ref readonly byte content, nuint length)
    {
        Span<ulong> sums = stackalloc ulong[AccumulatorCount];
        Accumulate(in content, length, sums);
        return Merge(sums, MergeLowSecret, MergeLowStart(length));
    }

    public static UInt128 Hash128(ref readonly byte content, nuint length)
    {
        Span<ulong> sums = stackalloc ulong[AccumulatorCount];
        Accumulate(in content, length, sums);
        return new UInt128(
            Merge(sums, MergeHighSecret, MergeHighStart(length)), Merge(sums, MergeLowSecret, MergeLowStart(length)));
    }

    private static void Accumulate(ref readonly byte content, nuint length, Span<ulong> sums)
    {
        for (int i = 0; i < AccumulatorCount; i++)
        {
            sums[i] = Word(in MemoryMarshal.GetReference(InitialAccumulators), (nuint)(i * sizeof(ulong)));
        }

        // The last 64 bytes are a stripe of their own, under a key of their own, even where they overlap the one before.
        nuint stripes = (length - 1) / StripeBytes;
        for (nuint stripe = 0; stripe < stripes; stripe++)
        {
            int withinBlock = (int)(stripe % StripesPerBlock);
            AddStripe(sums, in content, stripe * StripeBytes, withinBlock * SecretStep);
            if (withinBlock == StripesPerBlock - 1)
            {
                Scramble(sums);
            }
        }

        AddStripe(sums, in content, length - StripeBytes, LastStripeSecret);
    }

    private static void AddStripe(Span<ulong> sums, ref readonly byte content, nuint offset, int secret)
    {
        for (int i = 0; i < AccumulatorCount; i++)
        {
            ulong word = Word(in content, offset + (nuint)(i * sizeof(ulong)));
            ulong keyed = word ^ SecretWord(secret + (i * sizeof(ulong)));
            sums[i ^ 1] += word;
            sums[i] += (keyed & uint.MaxValue) * (keyed >> 32);
        }
    }

    private static void Scramble(Span<ulong> sums)
    {
        for (int i = 0; i < AccumulatorCount; i++)
        {
            ulong sum = sums[i];
            sums[i] = (sum ^ (sum >> 47) ^ SecretWord(ScrambleSecret + (i * sizeof(ulong)))) * Prime32A;
        }
    }

    private static ulong Merge(ReadOnlySpan<ulong> sums, int secret, ulong start)
    {
        for (int i = 0; i < AccumulatorCount; i += 2)
        {
            start += MultiplyFold(
                sums[i] ^ SecretWord(secret + (i * sizeof(ulong))),
                sums[i + 1] ^ SecretWord(secret + ((i + 1) * sizeof(ulong))));
        }

        return Avalanche(start);
    }
}
