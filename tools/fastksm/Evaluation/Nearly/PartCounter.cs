using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>Counts how many different checksums there are among many, and tells those that occur more than once.</summary>
/// <remarks>
/// Bucket by bucket of their leading bits, so that no more than a bucket is sorted at a time.
/// Thread safety: one thread at a time.
/// </remarks>
internal sealed class PartCounter
{
    private const int MostInBucket = 1 << 24;

    private ulong[] _values = [];

    /// <summary>Gives the checksums of a page.</summary>
    internal delegate ReadOnlySpan<ulong> Parts(int index);

    /// <summary>Tells that a checksum of a page occurs more than once.</summary>
    internal delegate void Repeated(int index, int part);

    /// <summary>Counts.</summary>
    /// <param name="pages">Number of pages.</param>
    /// <param name="partsOfAPage">Checksums that each has.</param>
    /// <param name="parts">Gives them.</param>
    /// <param name="repeated">Told of each that occurs more than once; null for nobody.</param>
    /// <returns>Number of different checksums.</returns>
    internal long Count(int pages, int partsOfAPage, Parts parts, Repeated? repeated = null)
    {
        long all = (long)pages * partsOfAPage;
        int bits = 0;
        while (all >> bits > MostInBucket)
        {
            bits++;
        }

        long different = 0;
        for (ulong bucket = 0; bucket < 1UL << bits; bucket++)
        {
            int count = Collect(pages, parts, bits, bucket);
            Span<ulong> sorted = _values.AsSpan(0, count);
            sorted.Sort();
            int repeats = KeepRepeated(sorted, out int unique);
            different += unique;
            if (repeated is not null)
            {
                Tell(pages, parts, bits, bucket, sorted[..repeats], repeated);
            }
        }

        return different;
    }

    private int Collect(int pages, Parts parts, int bits, ulong bucket)
    {
        int count = 0;
        for (int page = 0; page < pages; page++)
        {
            foreach (ulong value in parts(page))
            {
                if (Bucket(value, bits) != bucket)
                {
                    continue;
                }

                if (count == _values.Length)
                {
                    Array.Resize(ref _values, Math.Max(1024, _values.Length * 2));
                }

                _values[count++] = value;
            }
        }

        return count;
    }

    // Moves those that occur more than once to the front, once each.
    private static int KeepRepeated(Span<ulong> sorted, out int different)
    {
        int kept = 0;
        different = 0;
        for (int i = 0, end; i < sorted.Length; i = end)
        {
            ulong value = sorted[i];
            for (end = i + 1; end < sorted.Length && sorted[end] == value; end++)
            {
            }

            different++;
            if (end - i > 1)
            {
                sorted[kept++] = value;
            }
        }

        return kept;
    }

    private static void Tell(int pages, Parts parts, int bits, ulong bucket, ReadOnlySpan<ulong> values, Repeated repeated)
    {
        for (int page = 0; page < pages; page++)
        {
            ReadOnlySpan<ulong> row = parts(page);
            for (int part = 0; part < row.Length; part++)
            {
                if (Bucket(row[part], bits) == bucket && values.BinarySearch(row[part], Comparer<ulong>.Default) >= 0)
                {
                    repeated(page, part);
                }
            }
        }
    }

    private static ulong Bucket(ulong value, int bits) => bits == 0 ? 0 : value >> (64 - bits);
}
