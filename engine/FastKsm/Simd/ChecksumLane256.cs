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

    public static void Accumulate(ref readonly byte content, nuint length, ref ulong accumulators)
    {
        ref readonly ulong initial = ref MemoryMarshal.GetReference(InitialAccumulators);
        Vector256<ulong> sumLow = Vector256.LoadUnsafe(in initial);
        Vector256<ulong> sumHigh = Vector256.LoadUnsafe(in initial, AccumulatorCount / 2);

        ref byte block = ref Unsafe.AsRef(in content);
        nuint left = length;
        for (; left >= BlockBytes; left -= BlockBytes)
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

            // Where the content ends with the block, its last stripe has a key of its own and no scramble follows.
            int lastOffset = BlockBytes - StripeBytes;
            bool last = left == BlockBytes;
            int secret = last ? LastStripeSecret : (StripesPerBlock - 1) * SecretStep;
            Add(in block, lastOffset, secret, ref wordsLow, ref productsLow);
            Add(in block, lastOffset + High, secret + High, ref wordsHigh, ref productsHigh);
            sumLow += productsLow + ExchangeNeighbours(wordsLow);
            sumHigh += productsHigh + ExchangeNeighbours(wordsHigh);
            if (last)
            {
                Store(sumLow, sumHigh, ref accumulators);
                return;
            }

            sumLow = Scramble(sumLow, 0);
            sumHigh = Scramble(sumHigh, High);
            block = ref Unsafe.Add(ref block, BlockBytes);
        }

        AddRest(in content, length, in block, left, ref sumLow, ref sumHigh);
        Store(sumLow, sumHigh, ref accumulators);
    }

    // The stripes after the last whole block, and the last 64 bytes once more.
    private static void AddRest(
        ref readonly byte content,
        nuint length,
        ref readonly byte rest,
        nuint left,
        ref Vector256<ulong> sumLow,
        ref Vector256<ulong> sumHigh)
    {
        ref byte lastStripe = ref Unsafe.Add(ref Unsafe.AsRef(in content), length - StripeBytes);
        Vector256<ulong> wordsLow = Load(in lastStripe, 0), productsLow = Product(wordsLow, LastStripeSecret);
        Vector256<ulong> wordsHigh = Load(in lastStripe, High), productsHigh = Product(wordsHigh, LastStripeSecret + High);
        for (int stripe = 0; stripe < (int)(left - 1) / StripeBytes; stripe++)
        {
            AddStripe(in rest, stripe, ref wordsLow, ref productsLow, ref wordsHigh, ref productsHigh);
        }

        sumLow += productsLow + ExchangeNeighbours(wordsLow);
        sumHigh += productsHigh + ExchangeNeighbours(wordsHigh);
    }

    private static void Store(Vector256<ulong> sumLow, Vector256<ulong> sumHigh, ref ulong accumulators)
    {
        sumLow.StoreUnsafe(ref accumulators);
        sumHigh.StoreUnsafe(ref accumulators, AccumulatorCount / 2);
    }

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
        Vector256<ulong> keyed = words ^ Load(in MemoryMarshal.GetReference(Secret), secret);
        return MultiplyLowHalves(keyed, keyed >>> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Scramble(Vector256<ulong> sum, int secret)
    {
        Vector256<ulong> key = Load(in MemoryMarshal.GetReference(Secret), ScrambleSecret + secret);
        Vector256<ulong> keyed = sum ^ (sum >>> 47) ^ key;
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
