using System;
using System.Numerics;
using System.Threading.Tasks;

namespace FastKsm.Cli.Evaluation;

/// <summary>Sorts page records in place: no second copy of 24 bytes a page.</summary>
/// <remarks>
/// Checksums are uniform, so their leading bits distribute the records evenly, and each record is swapped straight into
/// its bucket. One thread does that for the first bits, few enough that every bucket's end stays in the cache; then all
/// threads do it for the next bits of their buckets, which are small by then, and leave the rest to the framework's sort.
/// Equal pages have equal bits: a bucket of theirs is not distributed a second time but sorted as it is.
/// </remarks>
internal static class RecordSorter
{
    private const int FirstBits = 8;
    private const int NextBits = 8;
    private const int SortedDirectly = 48;

    /// <summary>Sorts all records of a table by content, then by order of visits.</summary>
    internal static void Sort(PageRecordTable table, int threads)
    {
        Span<PageRecord> all = table.Slice(0, table.Count);
        if (all.Length <= SortedDirectly)
        {
            all.Sort();
            return;
        }

        int[] ends = new int[1 << FirstBits];
        Distribute(all, shift: 64 - FirstBits, ends);
        Parallel.For(0, ends.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, bucket =>
        {
            int start = bucket == 0 ? 0 : ends[bucket - 1];
            SortBucket(table.Slice(start, ends[bucket] - start));
        });
    }

    private static void SortBucket(Span<PageRecord> records)
    {
        // As many buckets as leave a few records each; a stack array, since thousands of these are sorted.
        int bits = Math.Clamp(BitOperations.Log2((uint)records.Length | 1) - 3, 0, NextBits);
        if (records.Length <= SortedDirectly || bits == 0)
        {
            records.Sort();
            return;
        }

        Span<int> ends = stackalloc int[1 << bits];
        Distribute(records, 64 - FirstBits - bits, ends);
        int start = 0;
        foreach (int end in ends)
        {
            records[start..end].Sort();
            start = end;
        }
    }

    // Afterwards bucket b lies in [ends[b - 1], ends[b]); the number of buckets is the length of "ends", a power of two.
    private static void Distribute(Span<PageRecord> records, int shift, Span<int> ends)
    {
        ulong mask = (ulong)ends.Length - 1;
        Span<int> next = stackalloc int[1 << Math.Max(FirstBits, NextBits)];
        ends.Clear();
        foreach (ref readonly PageRecord record in records)
        {
            ends[(int)((record.Checksum >> shift) & mask)]++;
        }

        next[0] = 0;
        for (int bucket = 1; bucket < ends.Length; bucket++)
        {
            next[bucket] = ends[bucket - 1];
            ends[bucket] += ends[bucket - 1];
        }

        for (int bucket = 0; bucket < ends.Length; bucket++)
        {
            while (next[bucket] < ends[bucket])
            {
                PageRecord record = records[next[bucket]];
                int home;
                while ((home = (int)((record.Checksum >> shift) & mask)) != bucket)
                {
                    ref PageRecord other = ref records[next[home]++];
                    (record, other) = (other, record);
                }

                records[next[bucket]++] = record;
            }
        }
    }
}
