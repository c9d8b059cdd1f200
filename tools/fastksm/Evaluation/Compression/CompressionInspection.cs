using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli.Evaluation.Inspection;
using K4os.Compression.LZ4;

namespace FastKsm.Cli.Evaluation.Compression;

/// <summary>Compresses each page, and notes its size and the time.</summary>
/// <remarks>Thread safety: as <see cref="IInspection"/> says.</remarks>
internal sealed class CompressionInspection : IInspection
{
    /// <summary>Bytes of a page's entry in the table.</summary>
    internal const int EntryBytes = 16;

    private const int SizeStep = 16;
    private const int PagesPerDecoding = 16;

    // As zsmalloc's classes are for pages of 4 KiB: a larger object would take a whole page anyway.
    private const int LargestShare = 3264;

    private readonly PageColumns _columns = new(1);
    private long _compressed;
    private long _compressionTicks;
    private long _decompressed;
    private long _decompressionTicks;

    /// <summary>Bytes that a page would take, without its entry.</summary>
    internal long SizeOf(int ordinal) => (long)_columns[ordinal][0];

    /// <summary>Time to compress a page, in seconds; 0 where there was none.</summary>
    internal double CompressionSeconds => Average(_compressionTicks, _compressed);

    /// <summary>Time to take one apart, in seconds.</summary>
    internal double DecompressionSeconds => Average(_decompressionTicks, _decompressed);

    /// <inheritdoc/>
    public void Reserve(int count) => _columns.Reserve(count);

    /// <inheritdoc/>
    public IPageInspector NewInspector() => new Inspector(this);

    private static double Average(long ticks, long count) => count == 0 ? 0 : ticks / (double)count / Stopwatch.Frequency;

    private sealed class Inspector(CompressionInspection owner) : IPageInspector
    {
        private readonly byte[] _compressed = new byte[LZ4Codec.MaximumOutputSize(Environment.SystemPageSize)];
        private readonly byte[] _page = new byte[Environment.SystemPageSize];
        private int _untilDecoding;

        public void See(int ordinal, int vma, ulong address, ReadOnlySpan<byte> page)
        {
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(page);
            if (words.IndexOfAnyExcept(words[0]) < 0)
            {
                owner._columns[ordinal][0] = 0;
                return;
            }

            long start = Stopwatch.GetTimestamp();
            int length = LZ4Codec.Encode(page, _compressed);
            _ = Interlocked.Add(ref owner._compressionTicks, Stopwatch.GetTimestamp() - start);
            _ = Interlocked.Increment(ref owner._compressed);
            bool isWhole = length <= 0 || length >= (long)LargestShare * page.Length / 4096;
            owner._columns[ordinal][0] = isWhole ? (ulong)page.Length : (ulong)((length + SizeStep - 1) / SizeStep * SizeStep);
            if (!isWhole && _untilDecoding-- == 0)
            {
                _untilDecoding = PagesPerDecoding - 1;
                start = Stopwatch.GetTimestamp();
                _ = LZ4Codec.Decode(_compressed.AsSpan(0, length), _page);
                _ = Interlocked.Add(ref owner._decompressionTicks, Stopwatch.GetTimestamp() - start);
                _ = Interlocked.Increment(ref owner._decompressed);
                Debug.Assert(page.SequenceEqual(_page), "What is compressed comes back.");
            }
        }
    }
}
