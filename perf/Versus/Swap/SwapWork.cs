using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;

namespace FastKsm.Perf.Versus.Swap;

/// <summary>The work on one layout.</summary>
internal sealed class SwapWork<TLayout> : ISwapWork
    where TLayout : struct, ISwapLayout<TLayout>
{
    private const int Cpus = 2;
    private const int Batch = 16;

    // Batches that are alive at once on a CPU: four clusters' worth.
    private const int Window = 128;

    private readonly SwapSpace<TLayout, PerfFolios> _space;
    private readonly Pfn[] _heads;
    private readonly int _frames;
    private readonly int _batches;

    /// <param name="slots">Size of the device; three quarters of it can be in use at once.</param>
    /// <param name="keepsClustersApart">As in <see cref="SwapOptions"/>.</param>
    internal SwapWork(int slots, bool keepsClustersApart = false)
    {
        _frames = slots * 3 / 4;
        _heads = new Pfn[_frames];
        for (int i = 0; i < _frames; i++)
        {
            _heads[i] = new Pfn((uint)i + 1);
        }

        _space = new SwapSpace<TLayout, PerfFolios>(
            new SwapOptions
            {
                Cpus = Cpus,
                Frames = (uint)_frames,
                Prefault = true,
                KeepsClustersApart = keepsClustersApart,
            },
            default,
            new AllocationFaults());
#pragma warning disable CA2000 // The device owns it.
        Require(_space.TryMount(new BlankBackend((uint)slots), new SwapDeviceOptions(), out _, out _));
#pragma warning restore CA2000
        _batches = slots / Batch;
    }

    public double Allocate()
    {
        SwapEntry[] entries = new SwapEntry[Batch];
        int batches = _frames / Batch;
        long start = Stopwatch.GetTimestamp();
        for (int batch = 0; batch < batches; batch++)
        {
            Require(_space.Allocate(0, _heads.AsSpan(batch * Batch, Batch), 0, 0, entries, out _));
        }

        double time = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        foreach (Pfn head in _heads)
        {
            Require(_space.Drop(head, SwapShadow.None, 0));
        }

        return time / ((double)batches * Batch);
    }

    public double Live(int cpus)
    {
        using Barrier begin = new(cpus);
        long[] starts = new long[cpus];
        long[] ends = new long[cpus];
        Thread[] threads = new Thread[cpus];
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            int own = cpu;
            threads[cpu] = new Thread(() =>
            {
                begin.SignalAndWait();
                starts[own] = Stopwatch.GetTimestamp();
                LiveOn(own);
                ends[own] = Stopwatch.GetTimestamp();
            });
            threads[cpu].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Array.Sort(starts);
        Array.Sort(ends);
        return Stopwatch.GetElapsedTime(starts[0], ends[^1]).TotalNanoseconds / ((double)cpus * _batches * Batch);
    }

    public void Dispose() => _space.Dispose();

    private static void Require(SwapStatus status)
    {
        if (status != SwapStatus.Done)
        {
            throw new InvalidOperationException($"The device does not do its work: {status}.");
        }
    }

    private void LiveOn(int cpu)
    {
        // A stretch of frames for each CPU, far apart in the column of entries.
        ReadOnlySpan<Pfn> heads = _heads.AsSpan(cpu * _frames / Cpus, Batch);
        SwapEntry[] entries = new SwapEntry[Window * Batch];
        for (int batch = 0; batch < _batches + Window; batch++)
        {
            Span<SwapEntry> window = entries.AsSpan(batch % Window * Batch, Batch);
            if (batch >= Window)
            {
                ForEachRun(window, put: true);
            }

            if (batch < _batches)
            {
                Require(_space.Allocate(cpu, heads, 0, 0, window, out _));
                ForEachRun(window, put: false);
                foreach (Pfn head in heads)
                {
                    Require(_space.Drop(head, SwapShadow.None, 0));
                }
            }
        }
    }

    private void ForEachRun(ReadOnlySpan<SwapEntry> entries, bool put)
    {
        for (int start = 0; start < entries.Length;)
        {
            int count = 1;
            while (start + count < entries.Length && entries[start + count] == entries[start].Plus((uint)count))
            {
                count++;
            }

            Require(put ? _space.Put(entries[start], count) : _space.DuplicateCached(entries[start], count));
            start += count;
        }
    }
}
