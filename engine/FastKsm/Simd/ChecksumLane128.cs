using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using static FastKsm.Simd.Xxh3;

namespace FastKsm.Simd;

/// <summary>Four vectors a stripe: SSE2, NEON, or the JIT's software fallback.</summary>
/// <remarks>Column c of a stripe, 16 bytes, belongs to accumulators 2c and 2c+1; columns never meet.</remarks>
internal readonly struct ChecksumLane128 : IChecksumLane
{
    private const int Column = 16;

    public static void Accumulate(ref readonly byte content, nuint length, ref ulong accumulators)
    {
        InitialAccumulators.CopyTo(MemoryMarshal.CreateSpan(ref accumulators, AccumulatorCount));

        ref byte block = ref Unsafe.AsRef(in content);
        nuint left = length;
        for (; left > BlockBytes; left -= BlockBytes)
        {
            AddStripes(in block, StripesPerBlock, 0, ref accumulators);
            Scramble(ref accumulators);
            block = ref Unsafe.Add(ref block, BlockBytes);
        }

        AddStripes(in block, (int)(left - 1) / StripeBytes, 0, ref accumulators);
        AddStripes(
            in Unsafe.Add(ref Unsafe.AsRef(in content), length - StripeBytes), 1, LastStripeSecret, ref accumulators);
    }

    private static void AddStripes(ref readonly byte first, int stripes, int secret, ref ulong accumulators)
    {
        Vector128<ulong> words0 = default, words1 = default, words2 = default, words3 = default;
        Vector128<ulong> products0 = default, products1 = default, products2 = default, products3 = default;

        ref byte stripe = ref Unsafe.AsRef(in first);
        ref byte key = ref Unsafe.Add(ref MemoryMarshal.GetReference(Secret), secret);
        for (; stripes > 0; stripes--)
        {
            Add(in stripe, in key, 0 * Column, ref words0, ref products0);
            Add(in stripe, in key, 1 * Column, ref words1, ref products1);
            Add(in stripe, in key, 2 * Column, ref words2, ref products2);
            Add(in stripe, in key, 3 * Column, ref words3, ref products3);
            stripe = ref Unsafe.Add(ref stripe, StripeBytes);
            key = ref Unsafe.Add(ref key, SecretStep);
        }

        AddTo(ref accumulators, 0, products0 + ExchangeNeighbours(words0));
        AddTo(ref accumulators, 2, products1 + ExchangeNeighbours(words1));
        AddTo(ref accumulators, 4, products2 + ExchangeNeighbours(words2));
        AddTo(ref accumulators, 6, products3 + ExchangeNeighbours(words3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        ref readonly byte stripe,
        ref readonly byte key,
        nuint column,
        ref Vector128<ulong> words,
        ref Vector128<ulong> products)
    {
        Vector128<ulong> loaded = Vector128.LoadUnsafe(in stripe, column).AsUInt64();
        Vector128<ulong> keyed = loaded ^ Vector128.LoadUnsafe(in key, column).AsUInt64();
        words += loaded;

        // The low half of each keyed word times its high half.
        products += MultiplyLowHalves(keyed, keyed >>> 32);
    }

    private static void AddTo(ref ulong accumulators, nuint index, Vector128<ulong> sum) =>
        (Vector128.LoadUnsafe(in accumulators, index) + sum).StoreUnsafe(ref accumulators, index);

    private static void Scramble(ref ulong accumulators)
    {
        ref readonly byte key = ref MemoryMarshal.GetReference(Secret);
        Vector128<ulong> prime = Vector128.Create((ulong)Prime32A);
        for (nuint index = 0; index < AccumulatorCount; index += 2)
        {
            Vector128<ulong> sum = Vector128.LoadUnsafe(in accumulators, index);
            Vector128<ulong> keyed = sum ^ (sum >>> 47)
                ^ Vector128.LoadUnsafe(in key, ScrambleSecret + (index * sizeof(ulong))).AsUInt64();
            Vector128<ulong> product =
                MultiplyLowHalves(keyed, prime) + (MultiplyLowHalves(keyed >>> 32, prime) << 32);
            product.StoreUnsafe(ref accumulators, index);
        }
    }

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
