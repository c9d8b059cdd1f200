using System;
using System.Diagnostics;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>A full scan by the engine, against the same scan by this host's ksmd on the same contents. Unit: ns a page.</summary>
/// <remarks>
/// One process with mergeable pages on each side, smart scan off, contents at rest; far more memory than the caches hold.
/// Ours is the time that passes on one thread; the peer's is ksmd's CPU time as the scheduler reckons it, so waiting for a
/// CPU is charged to us only.
/// </remarks>
internal sealed class ScanRow : IVersusRow
{
    // A scan by ksmd takes seconds.
    private const int MostRounds = 5;
    private const long SpareBytes = 2L << 30;

    private readonly int _pages;
    private readonly int _contents;
    private readonly ScanKind _kind;

    /// <param name="id">Name of the row.</param>
    /// <param name="goal">The ratio that is promised.</param>
    /// <param name="kind">What the scan that counts finds.</param>
    /// <param name="pages">Pages of the process.</param>
    /// <param name="contents">Different contents among them.</param>
    internal ScanRow(string id, double goal, ScanKind kind, int pages, int contents)
    {
        Id = id;
        Goal = goal;
        _kind = kind;
        _pages = pages;
        _contents = contents;
    }

    public string Id { get; }

    public string Unit => "ns/page";

    public double Goal { get; }

    public VersusMeasurement Measure(int rounds)
    {
        long needed = (2L * _pages * PageBuffer.PageBytes) + SpareBytes;
        if (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < needed)
        {
            return VersusMeasurement.Skipped($"it takes {needed >> 30} GiB of memory");
        }

        using LiveKsmd? ksmd = LiveKsmd.TryTake(out string reason);
        if (ksmd is null)
        {
            return VersusMeasurement.Skipped(reason);
        }

        // Small and soon done; afterwards the runtime has compiled the scanner fully.
        using (Machine small = MakeMachine(4096, contents: 2048))
        {
            Interleaved.WarmUp(() => Prepare(small));
        }

        using MergeableProcess process = MergeableProcess.Start(_pages, _contents);
        using Machine machine = MakeMachine(_pages, _contents);
        VersusRound[] measured = new VersusRound[int.Min(rounds, MostRounds)];
        PreparePeer(ksmd);
        Prepare(machine);
        for (int round = 0; round < measured.Length; round++)
        {
            if (_kind == ScanKind.Merging && round != 0)
            {
                PreparePeer(ksmd);
                Prepare(machine);
            }

            double peer = ksmd.Scan();
            long scanned = machine.Ksm.Counters.PagesScanned;
            long start = Stopwatch.GetTimestamp();
            _ = machine.Ksm.Scan();
            double time = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            measured[round] = VersusRound.OfCosts(time / (machine.Ksm.Counters.PagesScanned - scanned), peer);
            ThrowIfDifferent(machine.Ksm.Counters);
        }

        return VersusMeasurement.Of(measured);
    }

    private static Machine MakeMachine(int pages, int contents)
    {
        Machine machine = new(new MachineOptions { Frames = pages + 1024 });
        Cpu cpu = machine.Cpus[0];
        cpu.Run(machine.Spawn());
        ulong bytes = (ulong)pages * PageBuffer.PageBytes;
        ulong start = cpu.Map(bytes, new MapOptions());
        cpu.Advise(start, bytes, Advice.Mergeable);
        for (int i = 0; i < pages; i++)
        {
            cpu.WritePage(start + ((ulong)i * PageBuffer.PageBytes), ((ulong)i % (ulong)contents) + 1);
        }

        machine.Ksm.Write("smart_scan", "0");
        machine.Ksm.Write("pages_to_scan", "1000000000");
        return machine;
    }

    // Both sides come to where the next scan is the one that counts: two scans merge what is equal.
    private void Prepare(Machine machine)
    {
        machine.Ksm.Write("run", "2");
        machine.Ksm.Write("run", "1");
        for (int scan = 0; scan < ScansBefore; scan++)
        {
            _ = machine.Ksm.Scan();
        }
    }

    private void PreparePeer(LiveKsmd ksmd)
    {
        LiveKsmd.Unmerge();
        ksmd.Start();
        for (int scan = 1; scan < ScansBefore; scan++)
        {
            _ = ksmd.Scan();
        }
    }

    private int ScansBefore => _kind == ScanKind.Merging ? 1 : 2;

    private void ThrowIfDifferent(KsmCounters ours)
    {
        foreach ((string file, long value) in (ReadOnlySpan<(string, long)>)
            [
                ("pages_shared", ours.PagesShared), ("pages_sharing", ours.PagesSharing),
                ("pages_unshared", ours.PagesUnshared), ("pages_volatile", ours.PagesVolatile),
            ])
        {
            long theirs = LiveKsmd.Count(file);
            if (theirs != value)
            {
                throw new PeerDisagreesException($"{Id}: {file} is {value}, ksmd's is {theirs}");
            }
        }
    }
}
