using System;
using BenchmarkDotNet.Attributes;
using FastKsm.Perf.Versus;
using FastKsm.Simd;

namespace FastKsm.Perf.Benchmarks.Simd;

/// <summary>Cost of finding out that a page is zero. Unit: ns per 4 KiB page in the first-level cache.</summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class PageZeroBenchmarks
{
    private PageBuffer _page = null!;

    /// <summary>One zero page.</summary>
    [GlobalSetup]
    public void Setup() => _page = new PageBuffer(pages: 1);

    /// <summary>The engine's kernel.</summary>
    [Benchmark]
    public bool PageZero_IsZero() => PageZero.IsZero(_page.Page(0));

    /// <summary>What the framework gives for free; the kernel must beat it or go.</summary>
    [Benchmark(Baseline = true)]
    public bool Span_ContainsAnyExcept() => !((ReadOnlySpan<byte>)_page.Page(0)).ContainsAnyExcept((byte)0);

    /// <summary>Returns the native memory.</summary>
    [GlobalCleanup]
    public void Cleanup() => _page.Dispose();
}
