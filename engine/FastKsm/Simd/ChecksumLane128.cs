using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using static FastKsm.Simd.Xxh3;

namespace FastKsm.Simd;

/// <summary>Four vectors a stripe: SSE2, NEON, or the JIT's software fallback.</summary>
/// <remarks>Column c of a stripe, 16 bytes, belongs to accumulators 2c and 2c+1; columns never meet before the merge.</remarks>
internal readonly struct ChecksumLane128 : IChecksumLane
{
    private const int Column = 16;

    public static ulong Hash64(ref readonly byte content, nuint length)
    {
        Sum(
            in content,
            length,
            out Vector128<ulong> sum0,
            out Vector128<ulong> sum1,
            out Vector128<ulong> sum2,
            out Vector128<ulong> sum3);
        return Merge(MergeLowStart(length), MergeLowSecret, sum0, sum1, sum2, sum3);
    }

    public static UInt128 Hash128(ref readonly byte content, nuint length)
    {
        Sum(
            in content,
            length,
            out Vector128<ulong> sum0,
            out Vector128<ulong> sum1,
            out Vector128<ulong> sum2,
            out Vector128<ulong> sum3);
        return new UInt128(
            Merge(MergeHighStart(length), MergeHighSecret, sum0, sum1, sum2, sum3),
            Merge(MergeLowStart(length), MergeLowSecret, sum0, sum1, sum2, sum3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum(
        ref readonly byte content,
        nuint length,
        out Vector128<ulong> sum0,
        out Vector128<ulong> sum1,
        out Vector128<ulong> sum2,
        out Vector128<ulong> sum3)
    {
        ref readonly byte initial = ref MemoryMarshal.GetReference(InitialAccumulators);
        sum0 = Load(in initial, 0 * Column);
        sum1 = Load(in initial, 1 * Column);
        sum2 = Load(in initial, 2 * Column);
        sum3 = Load(in initial, 3 * Column);

        ref byte stripe = ref Unsafe.AsRef(in content);
        ref byte secret = ref MemoryMarshal.GetReference(Secret);
        nuint left = length;
        while (true)
        {
            Vector128<ulong> words0 = default, words1 = default, words2 = default, words3 = default;
            Vector128<ulong> products0 = default, products1 = default, products2 = default, products3 = default;
            ref byte key = ref secret;
            bool ends = left <= BlockBytes;
            for (nuint stripes = ends ? (left - 1) / StripeBytes : StripesPerBlock; stripes != 0; stripes--)
            {
                Add(in stripe, in key, 0 * Column, ref words0, ref products0);
                Add(in stripe, in key, 1 * Column, ref words1, ref products1);
                Add(in stripe, in key, 2 * Column, ref words2, ref products2);
                Add(in stripe, in key, 3 * Column, ref words3, ref products3);
                stripe = ref Unsafe.Add(ref stripe, StripeBytes);
                key = ref Unsafe.Add(ref key, SecretStep);
            }

            if (ends)
            {
                // The last 64 bytes are a stripe of their own, under a key of their own; no scramble follows.
                stripe = ref Unsafe.Add(ref Unsafe.AsRef(in content), length - StripeBytes);
                key = ref Unsafe.Add(ref secret, LastStripeSecret);
                Add(in stripe, in key, 0 * Column, ref words0, ref products0);
                Add(in stripe, in key, 1 * Column, ref words1, ref products1);
                Add(in stripe, in key, 2 * Column, ref words2, ref products2);
                Add(in stripe, in key, 3 * Column, ref words3, ref products3);
                sum0 += products0 + ExchangeNeighbours(words0);
                sum1 += products1 + ExchangeNeighbours(words1);
                sum2 += products2 + ExchangeNeighbours(words2);
                sum3 += products3 + ExchangeNeighbours(words3);
                return;
            }

            key = ref Unsafe.Add(ref secret, ScrambleSecret);
            sum0 = Scramble(sum0 + products0 + ExchangeNeighbours(words0), in key, 0 * Column);
            sum1 = Scramble(sum1 + products1 + ExchangeNeighbours(words1), in key, 1 * Column);
            sum2 = Scramble(sum2 + products2 + ExchangeNeighbours(words2), in key, 2 * Column);
            sum3 = Scramble(sum3 + products3 + ExchangeNeighbours(words3), in key, 3 * Column);
            left -= BlockBytes;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        ref readonly byte stripe,
        ref readonly byte key,
        nuint column,
        ref Vector128<ulong> words,
        ref Vector128<ulong> products)
    {
        Vector128<ulong> loaded = Load(in stripe, column);
        Vector128<ulong> keyed = loaded ^ Load(in key, column);
        words += loaded;

        // The low half of each keyed word times its high half.
        products += MultiplyLowHalves(keyed, keyed >>> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Scramble(Vector128<ulong> sum, ref readonly byte key, nuint column)
    {
        Vector128<ulong> keyed = sum ^ (sum >>> 47) ^ Load(in key, column);
        Vector128<ulong> prime = Vector128.Create((ulong)Prime32A);
        return MultiplyLowHalves(keyed, prime) + (MultiplyLowHalves(keyed >>> 32, prime) << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Merge(
        ulong start,
        int secret,
        Vector128<ulong> sum0,
        Vector128<ulong> sum1,
        Vector128<ulong> sum2,
        Vector128<ulong> sum3)
    {
        ref byte key = ref Unsafe.Add(ref MemoryMarshal.GetReference(Secret), secret);
        return Xxh3.Merge(
            start,
            sum0 ^ Load(in key, 0 * Column),
            sum1 ^ Load(in key, 1 * Column),
            sum2 ^ Load(in key, 2 * Column),
            sum3 ^ Load(in key, 3 * Column));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Load(ref readonly byte from, nuint offset) =>
        Vector128.LoadUnsafe(in from, offset).AsUInt64();

    // Element i receives element i^1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> ExchangeNeighbours(Vector128<ulong> words) =>
        Vector128.Shuffle(words, Vector128.Create(1UL, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> MultiplyLowHalves(Vector128<ulong> left, Vector128<ulong> right)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.Multiply(left.AsUInt32(), right.AsUInt32());
        }

        if (AdvSimd.IsSupported)
        {
            return AdvSimd.MultiplyWideningLower(
                AdvSimd.ExtractNarrowingLower(left), AdvSimd.ExtractNarrowingLower(right));
        }

        Vector128<ulong> low = Vector128.Create((ulong)uint.MaxValue);
        return (left & low) * (right & low);
    }
}
