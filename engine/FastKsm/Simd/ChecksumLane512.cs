using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static FastKsm.Simd.Xxh3;

namespace FastKsm.Simd;

/// <summary>One vector a stripe: AVX-512. Element i of every vector belongs to accumulator i.</summary>
/// <remarks>
/// The keys of all sixteen stripes stay in registers over the whole content; there are 32 of those. Loading the keys anew
/// would cost more than the arithmetic, since all but two of them straddle a cache line.
/// </remarks>
internal readonly struct ChecksumLane512 : IChecksumLane
{
    public static void Accumulate(ref readonly byte content, nuint length, ref ulong accumulators)
    {
        Vector512<ulong> k0 = Key(0), k1 = Key(1), k2 = Key(2), k3 = Key(3), k4 = Key(4), k5 = Key(5), k6 = Key(6);
        Vector512<ulong> k7 = Key(7), k8 = Key(8), k9 = Key(9), k10 = Key(10), k11 = Key(11), k12 = Key(12);
        Vector512<ulong> k13 = Key(13), k14 = Key(14), k15 = Key(15);
        Vector512<ulong> lastKey = Vector512.LoadUnsafe(in MemoryMarshal.GetReference(Secret), LastStripeSecret).AsUInt64();

        Vector512<ulong> sum = Vector512.LoadUnsafe(in MemoryMarshal.GetReference(InitialAccumulators));
        ref byte block = ref Unsafe.AsRef(in content);
        nuint left = length;
        for (; left >= BlockBytes; left -= BlockBytes)
        {
            // Two sums of each kind: one addition's latency hides behind the other's.
            Vector512<ulong> evenWords = Stripe(in block, 0), evenProducts = Product(evenWords, k0);
            Vector512<ulong> oddWords = Stripe(in block, 1), oddProducts = Product(oddWords, k1);
            Add(in block, 2, k2, ref evenWords, ref evenProducts);
            Add(in block, 3, k3, ref oddWords, ref oddProducts);
            Add(in block, 4, k4, ref evenWords, ref evenProducts);
            Add(in block, 5, k5, ref oddWords, ref oddProducts);
            Add(in block, 6, k6, ref evenWords, ref evenProducts);
            Add(in block, 7, k7, ref oddWords, ref oddProducts);
            Add(in block, 8, k8, ref evenWords, ref evenProducts);
            Add(in block, 9, k9, ref oddWords, ref oddProducts);
            Add(in block, 10, k10, ref evenWords, ref evenProducts);
            Add(in block, 11, k11, ref oddWords, ref oddProducts);
            Add(in block, 12, k12, ref evenWords, ref evenProducts);
            Add(in block, 13, k13, ref oddWords, ref oddProducts);
            Add(in block, 14, k14, ref evenWords, ref evenProducts);

            // Where the content ends with the block, its last stripe has a key of its own and no scramble follows.
            bool last = left == BlockBytes;
            Add(in block, 15, last ? lastKey : k15, ref oddWords, ref oddProducts);
            sum += evenProducts + oddProducts + ExchangeNeighbours(evenWords + oddWords);
            if (last)
            {
                sum.StoreUnsafe(ref accumulators);
                return;
            }

            sum = Scramble(sum);
            block = ref Unsafe.Add(ref block, BlockBytes);
        }

        Vector512<ulong> words = Vector512.LoadUnsafe(in content, length - StripeBytes).AsUInt64();
        Vector512<ulong> products = Product(words, lastKey);
        for (int stripe = 0; stripe < (int)(left - 1) / StripeBytes; stripe++)
        {
            Add(in block, stripe, Key(stripe), ref words, ref products);
        }

        sum += products + ExchangeNeighbours(words);
        sum.StoreUnsafe(ref accumulators);
    }

    private static Vector512<ulong> Key(int stripe) =>
        Vector512.LoadUnsafe(in MemoryMarshal.GetReference(Secret), (nuint)(stripe * SecretStep)).AsUInt64();

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
        Vector512<ulong> keyed = sum ^ (sum >>> 47) ^ Key(StripesPerBlock);
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
