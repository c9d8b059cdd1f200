using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using FastKsm.Perf.Versus;
using FastKsm.Simd;

namespace FastKsm.Perf.Benchmarks.Simd;

/// <summary>Cost of one checksum, by path. Unit: ns per 4 KiB page in the first-level cache.</summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class PageChecksumBenchmarks
{
    private PageBuffer _page = null!;

    /// <summary>One page of random bytes.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _page = new PageBuffer(pages: 1);
        _page.FillRandom();
    }

    /// <summary>The path that the engine takes here.</summary>
    [Benchmark(Baseline = true)]
    public ulong PageChecksum_Hash64() => PageChecksum.Hash64(_page.Page(0));

    /// <summary>The 128-bit form on the same path.</summary>
    [Benchmark]
    public ulong PageChecksum_Hash128() => (ulong)PageChecksum.Hash128(_page.Page(0));

    /// <summary>AVX-512; emulated where the CPU lacks it.</summary>
    [Benchmark]
    public ulong Lane512_Hash64() => HashWith<ChecksumLane512>();

    /// <summary>AVX2; emulated where the CPU lacks it.</summary>
    [Benchmark]
    public ulong Lane256_Hash64() => HashWith<ChecksumLane256>();

    /// <summary>SSE2 or NEON.</summary>
    [Benchmark]
    public ulong Lane128_Hash64() => HashWith<ChecksumLane128>();

    /// <summary>The reference.</summary>
    [Benchmark]
    public ulong ScalarLane_Hash64() => HashWith<ScalarChecksumLane>();

    /// <summary>Returns the native memory.</summary>
    [GlobalCleanup]
    public void Cleanup() => _page.Dispose();

    private ulong HashWith<TLane>()
        where TLane : struct, IChecksumLane =>
        PageChecksum.Hash64With<TLane>(in MemoryMarshal.GetReference(_page.Page(0)), PageBuffer.PageBytes);
}
