using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static FastKsm.Simd.Xxh3;

namespace FastKsm.Simd;

/// <summary>One vector a stripe: AVX-512. Element i of every vector belongs to accumulator i.</summary>
internal readonly struct ChecksumLane512 : IChecksumLane
{
    public static ulong Hash64(ref readonly byte content, nuint length) =>
        length % BlockBytes == 0 ? Hash64Blocks(in content, length) : Hash64Any(in content, length);

    public static UInt128 Hash128(ref readonly byte content, nuint length) =>
        length % BlockBytes == 0 ? Hash128Blocks(in content, length) : Hash128Any(in content, length);

    // Out of line: inlined into its caller, the unrolled loop would overrun the JIT's budget and be cut up into calls.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Hash64Blocks(ref readonly byte content, nuint length) =>
        MergeLow(SumBlocks(in content, length), length);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static UInt128 Hash128Blocks(ref readonly byte content, nuint length) =>
        MergeBoth(SumBlocks(in content, length), length);

    // Straight code with no call in it: the sums must never leave their registers. (A spill of 64 bytes that straddles a
    // cache line costs as much as the whole block.) Each key is at a constant address, so that the JIT makes it an aligned
    // constant of this method; loaded from the secret itself, all but two would straddle a line.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> SumBlocks(ref readonly byte content, nuint length)
    {
        Vector512<ulong> sum = Vector512.LoadUnsafe(in MemoryMarshal.GetReference(InitialAccumulators)).AsUInt64();
        ref byte block = ref Unsafe.AsRef(in content);
        while (true)
        {
            // Two sums of each kind: one addition's latency hides behind the other's.
            Vector512<ulong> evenWords = Stripe(in block, 0), evenProducts = Product(evenWords, Key(0));
            Vector512<ulong> oddWords = Stripe(in block, 1), oddProducts = Product(oddWords, Key(8));
            Add(in block, 2, Key(16), ref evenWords, ref evenProducts);
            Add(in block, 3, Key(24), ref oddWords, ref oddProducts);
            Add(in block, 4, Key(32), ref evenWords, ref evenProducts);
            Add(in block, 5, Key(40), ref oddWords, ref oddProducts);
            Add(in block, 6, Key(48), ref evenWords, ref evenProducts);
            Add(in block, 7, Key(56), ref oddWords, ref oddProducts);
            Add(in block, 8, Key(64), ref evenWords, ref evenProducts);
            Add(in block, 9, Key(72), ref oddWords, ref oddProducts);
            Add(in block, 10, Key(80), ref evenWords, ref evenProducts);
            Add(in block, 11, Key(88), ref oddWords, ref oddProducts);
            Add(in block, 12, Key(96), ref evenWords, ref evenProducts);
            Add(in block, 13, Key(104), ref oddWords, ref oddProducts);
            Add(in block, 14, Key(112), ref evenWords, ref evenProducts);

            Vector512<ulong> lastWords = Stripe(in block, 15);
            oddWords += lastWords;
            sum += evenProducts + oddProducts + ExchangeNeighbours(evenWords + oddWords);

            // The content's last stripe has a key of its own, and no scramble follows it.
            length -= BlockBytes;
            if (length == 0)
            {
                return sum + Product(lastWords, Key(LastStripeSecret));
            }

            sum = Scramble(sum + Product(lastWords, Key(15 * SecretStep)));
            block = ref Unsafe.Add(ref block, BlockBytes);
        }
    }

    // Contents that do not end with a block: their last stripe overlaps the one before it. Out of line, for its calls.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Hash64Any(ref readonly byte content, nuint length) =>
        MergeLow(SumAny(in content, length), length);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static UInt128 Hash128Any(ref readonly byte content, nuint length) =>
        MergeBoth(SumAny(in content, length), length);

    private static Vector512<ulong> SumAny(ref readonly byte content, nuint length)
    {
        Vector512<ulong> sum = Vector512.LoadUnsafe(in MemoryMarshal.GetReference(InitialAccumulators)).AsUInt64();
        ref byte block = ref Unsafe.AsRef(in content);
        nuint left = length;
        for (; left > BlockBytes; left -= BlockBytes)
        {
            sum = Scramble(sum + SumStripes(in block, StripesPerBlock));
            block = ref Unsafe.Add(ref block, BlockBytes);
        }

        Vector512<ulong> words = Vector512.LoadUnsafe(in content, length - StripeBytes).AsUInt64();
        sum += SumStripes(in block, (int)(left - 1) / StripeBytes);
        return sum + Product(words, Key(LastStripeSecret)) + ExchangeNeighbours(words);
    }

    private static Vector512<ulong> SumStripes(ref readonly byte block, int stripes)
    {
        Vector512<ulong> words = default, products = default;
        for (int stripe = 0; stripe < stripes; stripe++)
        {
            Add(in block, stripe, Key(stripe * SecretStep), ref words, ref products);
        }

        return products + ExchangeNeighbours(words);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MergeLow(Vector512<ulong> sum, nuint length) =>
        Merge(MergeLowStart(length), sum ^ Key(MergeLowSecret));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static UInt128 MergeBoth(Vector512<ulong> sum, nuint length) =>
        new(Merge(MergeHighStart(length), sum ^ Key(MergeHighSecret)), MergeLow(sum, length));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Merge(ulong start, Vector512<ulong> keyed) => Xxh3.Merge(
        start,
        keyed.GetLower().GetLower(),
        keyed.GetLower().GetUpper(),
        keyed.GetUpper().GetLower(),
        keyed.GetUpper().GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Key(int secretOffset) =>
        Vector512.LoadUnsafe(in MemoryMarshal.GetReference(Secret), (nuint)secretOffset).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Stripe(ref readonly byte block, int stripe) =>
        Vector512.LoadUnsafe(in block, (nuint)(stripe * StripeBytes)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        ref readonly byte block, int stripe, Vector512<ulong> key, ref Vector512<ulong> words, ref Vector512<ulong> products)
    {
        Vector512<ulong> stripeWords = Stripe(in block, stripe);
        words += stripeWords;
        products += Product(stripeWords, key);
    }

    // The low half of each keyed word times its high half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Product(Vector512<ulong> words, Vector512<ulong> key)
    {
        Vector512<ulong> keyed = words ^ key;
        return MultiplyLowHalves(keyed, keyed >>> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Scramble(Vector512<ulong> sum)
    {
        Vector512<ulong> keyed = sum ^ (sum >>> 47) ^ Key(ScrambleSecret);
        Vector512<ulong> prime = Vector512.Create((ulong)Prime32A);
        return MultiplyLowHalves(keyed, prime) + (MultiplyLowHalves(keyed >>> 32, prime) << 32);
    }

    // Element i receives element i^1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> ExchangeNeighbours(Vector512<ulong> words) =>
        Vector512.Shuffle(words, Vector512.Create(1UL, 0, 3, 2, 5, 4, 7, 6));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> MultiplyLowHalves(Vector512<ulong> left, Vector512<ulong> right)
    {
        Vector512<ulong> low = Vector512.Create((ulong)uint.MaxValue);
        return Avx512F.IsSupported
            ? Avx512F.Multiply(left.AsUInt32(), right.AsUInt32())
            : (left & low) * (right & low);
    }
}
