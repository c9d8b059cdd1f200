using System;
using BenchmarkDotNet.Attributes;
using FastKsm.Perf.Versus;
using FastKsm.Simd;

namespace FastKsm.Perf.Benchmarks.Simd;

/// <summary>Cost of ordering two pages, by where they first differ. Unit: ns per pair of 4 KiB pages.</summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class PageCompareBenchmarks
{
    private PageBuffer _pages = null!;

    /// <summary>Index of the first differing byte; the page's size means the pages are equal.</summary>
    [Params(0, 64, 2048, PageBuffer.PageBytes)]
    public int FirstDifference { get; set; }

    /// <summary>Two pages that are equal but for one byte.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _pages = new PageBuffer(pages: 2);
        _pages.FillRandom();
        _pages.Page(0).CopyTo(_pages.Page(1));
        if (FirstDifference < PageBuffer.PageBytes)
        {
            _pages.Page(1)[FirstDifference] ^= 0x80;
        }
    }

    /// <summary>The engine's kernel.</summary>
    [Benchmark]
    public int PageCompare_Compare() => PageCompare.Compare(_pages.Page(0), _pages.Page(1));

    /// <summary>What the framework gives for free; the kernel must beat it or go.</summary>
    [Benchmark(Baseline = true)]
    public int Span_SequenceCompareTo() => ((ReadOnlySpan<byte>)_pages.Page(0)).SequenceCompareTo(_pages.Page(1));

    /// <summary>Returns the native memory.</summary>
    [GlobalCleanup]
    public void Cleanup() => _pages.Dispose();
}
