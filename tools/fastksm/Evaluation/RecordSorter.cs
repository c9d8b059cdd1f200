using System;
using System.Numerics;
using System.Threading.Tasks;

namespace FastKsm.Cli.Evaluation;

/// <summary>Sorts page records in place: no second copy of 24 bytes a page.</summary>
/// <remarks>
/// The leading bits of a checksum are uniform, so one in-place distribution over them (each record is swapped straight
/// into its bucket) leaves buckets of some 32 records, of which most of the framework's sort is an insertion sort. Tables
/// of more than two million pages get larger buckets, and many equal pages make one bucket large: those are sorted as such.
/// </remarks>
internal static class RecordSorter
{
    private const int RecordsPerBucketLog2 = 5;
    private const int MostBucketBits = 16; // Two arrays of 512 KiB, however many pages there are.
    private const int BucketsPerTask = 64;

    /// <summary>Sorts all records of a table by content, then by order of visits.</summary>
    internal static void Sort(PageRecordTable table, int threads)
    {
        int bits = Math.Clamp(BitOperations.Log2((ulong)Math.Max(table.Count, 1)) - RecordsPerBucketLog2, 0, MostBucketBits);
        long[] ends = Distribute(table, bits);
        int tasks = (ends.Length + BucketsPerTask - 1) / BucketsPerTask;
        Parallel.For(0, tasks, new ParallelOptions { MaxDegreeOfParallelism = threads }, task =>
        {
            int first = task * BucketsPerTask;
            for (int bucket = first; bucket < Math.Min(first + BucketsPerTask, ends.Length); bucket++)
            {
                long start = bucket == 0 ? 0 : ends[bucket - 1];
                table.Slice(start, checked((int)(ends[bucket] - start))).Sort();
            }
        });
    }

    // Afterwards bucket b lies in [ends[b - 1], ends[b]).
    private static long[] Distribute(PageRecordTable table, int bits)
    {
        int buckets = 1 << bits;
        long[] next = new long[buckets];
        long[] ends = new long[buckets];
        if (buckets == 1)
        {
            ends[0] = table.Count;
            return ends;
        }

        for (long i = 0; i < table.Count; i++)
        {
            ends[Bucket(table[i], bits)]++;
        }

        for (int bucket = 1; bucket < buckets; bucket++)
        {
            ends[bucket] += ends[bucket - 1];
            next[bucket] = ends[bucket - 1];
        }

        for (int bucket = 0; bucket < buckets; bucket++)
        {
            while (next[bucket] < ends[bucket])
            {
                PageRecord record = table[next[bucket]];
                int home;
                while ((home = Bucket(record, bits)) != bucket)
                {
                    (record, table[next[home]]) = (table[next[home]], record);
                    next[home]++;
                }

                table[next[bucket]++] = record;
            }
        }

        return ends;
    }

    private static int Bucket(in PageRecord record, int bits) => (int)(record.Checksum >> (64 - bits));
}
