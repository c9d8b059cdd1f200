using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static FastKsm.Simd.Xxh3;

namespace FastKsm.Simd;

/// <summary>Two vectors a stripe: AVX2. Element i of a "low" vector belongs to accumulator i, of a "high" one to i+4.</summary>
internal readonly struct ChecksumLane256 : IChecksumLane
{
    // Offset of a stripe's high vector, in bytes of content as of secret.
    private const int High = 32;

    public static ulong Hash64(ref readonly byte content, nuint length) =>
        length % BlockBytes == 0 ? Hash64Blocks(in content, length) : Hash64Any(in content, length);

    public static UInt128 Hash128(ref readonly byte content, nuint length) =>
        length % BlockBytes == 0 ? Hash128Blocks(in content, length) : Hash128Any(in content, length);

    // Out of line: inlined into its caller, the unrolled loop would overrun the JIT's budget and be cut up into calls.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Hash64Blocks(ref readonly byte content, nuint length)
    {
        Vector256<ulong> sumLow = SumBlocks(in content, length, out Vector256<ulong> sumHigh);
        return MergeLow(sumLow, sumHigh, length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static UInt128 Hash128Blocks(ref readonly byte content, nuint length)
    {
        Vector256<ulong> sumLow = SumBlocks(in content, length, out Vector256<ulong> sumHigh);
        return MergeBoth(sumLow, sumHigh, length);
    }

    // Straight code with no call in it: the sums must never leave their registers. Each key is at a constant address, so
    // that the JIT makes it an aligned constant of this method; in the secret itself many straddle a cache line.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> SumBlocks(ref readonly byte content, nuint length, out Vector256<ulong> sumHigh)
    {
        ref readonly byte initial = ref MemoryMarshal.GetReference(InitialAccumulators);
        Vector256<ulong> sumLow = Load(in initial, 0);
        sumHigh = Load(in initial, High);

        ref byte block = ref Unsafe.AsRef(in content);
        while (true)
        {
            Vector256<ulong> wordsLow = Load(in block, 0), productsLow = Product(wordsLow, 0);
            Vector256<ulong> wordsHigh = Load(in block, High), productsHigh = Product(wordsHigh, High);
            AddStripe(in block, 1, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 2, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 3, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 4, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 5, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 6, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 7, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 8, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 9, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 10, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 11, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 12, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 13, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
            AddStripe(in block, 14, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);

            Vector256<ulong> lastLow = Load(in block, 15 * StripeBytes);
            Vector256<ulong> lastHigh = Load(in block, (15 * StripeBytes) + High);
            sumLow += productsLow + ExchangeNeighbours(wordsLow + lastLow);
            sumHigh += productsHigh + ExchangeNeighbours(wordsHigh + lastHigh);

            // The content's last stripe has a key of its own, and no scramble follows it.
            length -= BlockBytes;
            if (length == 0)
            {
                sumHigh += Product(lastHigh, LastStripeSecret + High);
                return sumLow + Product(lastLow, LastStripeSecret);
            }

            sumLow = Scramble(sumLow + Product(lastLow, 15 * SecretStep), 0);
            sumHigh = Scramble(sumHigh + Product(lastHigh, (15 * SecretStep) + High), High);
            block = ref Unsafe.Add(ref block, BlockBytes);
        }
    }

    // Contents that do not end with a block: their last stripe overlaps the one before it. Out of line, for its calls.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Hash64Any(ref readonly byte content, nuint length) =>
        MergeLow(SumHalf(in content, length, 0), SumHalf(in content, length, High), length);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static UInt128 Hash128Any(ref readonly byte content, nuint length) =>
        MergeBoth(SumHalf(in content, length, 0), SumHalf(in content, length, High), length);

    // The low and the high halves of the stripes never meet.
    private static Vector256<ulong> SumHalf(ref readonly byte content, nuint length, int half)
    {
        Vector256<ulong> sum = Load(in MemoryMarshal.GetReference(InitialAccumulators), half);
        ref byte block = ref Unsafe.Add(ref Unsafe.AsRef(in content), half);
        nuint left = length;
        for (; left > BlockBytes; left -= BlockBytes)
        {
            sum = Scramble(sum + SumHalfStripes(in block, StripesPerBlock, half), half);
            block = ref Unsafe.Add(ref block, BlockBytes);
        }

        Vector256<ulong> words = Vector256.LoadUnsafe(in content, length - StripeBytes + (nuint)half).AsUInt64();
        sum += SumHalfStripes(in block, (int)(left - 1) / StripeBytes, half);
        return sum + Product(words, LastStripeSecret + half) + ExchangeNeighbours(words);
    }

    private static Vector256<ulong> SumHalfStripes(ref readonly byte first, int stripes, int half)
    {
        Vector256<ulong> words = default, products = default;
        for (int stripe = 0; stripe < stripes; stripe++)
        {
            Add(in first, stripe * StripeBytes, (stripe * SecretStep) + half, ref words, ref products);
        }

        return products + ExchangeNeighbours(words);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MergeLow(Vector256<ulong> sumLow, Vector256<ulong> sumHigh, nuint length) =>
        Merge(MergeLowStart(length), sumLow, sumHigh, MergeLowSecret);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static UInt128 MergeBoth(Vector256<ulong> sumLow, Vector256<ulong> sumHigh, nuint length) => new(
        Merge(MergeHighStart(length), sumLow, sumHigh, MergeHighSecret), MergeLow(sumLow, sumHigh, length));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Merge(ulong start, Vector256<ulong> sumLow, Vector256<ulong> sumHigh, int secret)
    {
        Vector256<ulong> low = sumLow ^ Key(secret), high = sumHigh ^ Key(secret + High);
        return Xxh3.Merge(start, low.GetLower(), low.GetUpper(), high.GetLower(), high.GetUpper());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Key(int secretOffset) => Load(in MemoryMarshal.GetReference(Secret), secretOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddStripe(
        ref readonly byte block,
        int stripe,
        ref Vector256<ulong> wordsLow,
        ref Vector256<ulong> productsLow,
        ref Vector256<ulong> wordsHigh,
        ref Vector256<ulong> productsHigh)
    {
        Add(in block, stripe * StripeBytes, stripe * SecretStep, ref wordsLow, ref productsLow);
        Add(in block, (stripe * StripeBytes) + High, (stripe * SecretStep) + High, ref wordsHigh, ref productsHigh);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        ref readonly byte block, int offset, int secret, ref Vector256<ulong> words, ref Vector256<ulong> products)
    {
        Vector256<ulong> loaded = Load(in block, offset);
        words += loaded;
        products += Product(loaded, secret);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Load(ref readonly byte block, int offset) =>
        Vector256.LoadUnsafe(in block, (nuint)offset).AsUInt64();

    // The low half of each keyed word times its high half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Product(Vector256<ulong> words, int secret)
    {
        Vector256<ulong> keyed = words ^ Key(secret);
        return MultiplyLowHalves(keyed, keyed >>> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Scramble(Vector256<ulong> sum, int secret)
    {
        Vector256<ulong> keyed = sum ^ (sum >>> 47) ^ Key(ScrambleSecret + secret);
        Vector256<ulong> prime = Vector256.Create((ulong)Prime32A);
        return MultiplyLowHalves(keyed, prime) + (MultiplyLowHalves(keyed >>> 32, prime) << 32);
    }

    // Element i receives element i^1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> ExchangeNeighbours(Vector256<ulong> words) =>
        Vector256.Shuffle(words, Vector256.Create(1UL, 0, 3, 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> MultiplyLowHalves(Vector256<ulong> left, Vector256<ulong> right)
    {
        Vector256<ulong> low = Vector256.Create((ulong)uint.MaxValue);
        return Avx2.IsSupported
            ? Avx2.Multiply(left.AsUInt32(), right.AsUInt32())
            : (left & low) * (right & low);
    }
}
