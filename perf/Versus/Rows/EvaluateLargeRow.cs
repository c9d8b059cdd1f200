using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Simd;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>
/// A live process of 12 GiB: the CPU time of our whole evaluation, all threads together, as a multiple of what reading its memory and
/// hashing each page take by themselves. Unit: ns of CPU time a page.
/// </summary>
/// <remarks>
/// The peer uses the evaluation's own call (process_vm_readv, 2 MiB a call) and its own checksum on as many threads, and knows beforehand
/// where the memory lies. So the rest is VMAs, pagemap, order keys, records, sorting and the forecast.
/// </remarks>
internal sealed class EvaluateLargeRow : IVersusRow
{
    private const int AreaCount = 768;
    private const int PieceBytes = 2 << 20;
    private const int MostRounds = 5;
    private const long Gibibyte = 1L << 30;

    /// <summary>What the process, the records of its pages and the buffers take, and room for others.</summary>
    private const long NeededBytes = 14 * Gibibyte;

    public string Id => "evaluate.large";

    public string Unit => "ns/page";

    public double Goal => 1.3;

    public bool IsCeiling => true;

    public VersusMeasurement Measure(int rounds)
    {
        if (!OperatingSystem.IsLinux())
        {
            return VersusMeasurement.Skipped("live processes are read on Linux only");
        }

        if (AvailableBytes() is var available && available < NeededBytes)
        {
            return VersusMeasurement.Skipped($"it takes {NeededBytes / Gibibyte} GiB of memory, and {available / Gibibyte} are available");
        }

        int threads = Environment.ProcessorCount;
        EvaluationOptions options = new(MaxPageSharing: 256, UseZeroPages: false, OnlyMarked: false, threads);
        EvaluationResult Evaluate(int pid) => Evaluator.Evaluate([pid], options, new EvaluationProgress(), CancellationToken.None);

        using (HeldMemory small = HeldMemory.Start(areaCount: 1))
        {
            Interleaved.WarmUp(() => Evaluate(small.Pid));
            Interleaved.WarmUp(() => ReadAndHash(small, threads));
        }

        using HeldMemory target = HeldMemory.Start(AreaCount);
        long ourPages = Evaluate(target.Pid).Pages;
        const double PeerPages = AreaCount * (double)HeldMemory.AreaBytes / PageBuffer.PageBytes;
        if (ourPages < PeerPages)
        {
            throw new InvalidOperationException("The process that holds memory is gone.");
        }

        VersusRound[] measured = new VersusRound[Math.Min(rounds, MostRounds)];
        for (int round = 0; round < measured.Length; round++)
        {
            bool oursFirst = round % 2 == 0;
            double ours = oursFirst ? CpuNanoseconds(() => Evaluate(target.Pid)) : 0;
            double peer = CpuNanoseconds(() => ReadAndHash(target, threads));
            ours = oursFirst ? ours : CpuNanoseconds(() => Evaluate(target.Pid));
            measured[round] = VersusRound.OfQuotient(ours / ourPages, peer / PeerPages);
        }

        return VersusMeasurement.Of(measured);
    }

    private static double CpuNanoseconds(Action side)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        side();
        return (Environment.CpuUsage.TotalTime - before).TotalNanoseconds;
    }

    private static void ReadAndHash(HeldMemory target, int threads)
    {
        int next = -1;
        ulong[] sums = new ulong[threads];
        Thread[] readers = [.. Enumerable.Range(0, threads).Select(reader => new Thread(() =>
        {
            ulong sum = 0;
            using PageBuffer buffer = new(PieceBytes / PageBuffer.PageBytes);
            while (Interlocked.Increment(ref next) is var area && area < target.Areas.Length)
            {
                sum += HashArea(target.Pid, target.Areas[area], buffer);
            }

            sums[reader] = sum;
        }))];
        Array.ForEach(readers, reader => reader.Start());
        Array.ForEach(readers, reader => reader.Join());
        if (Array.TrueForAll(sums, sum => sum == 0))
        {
            throw new InvalidOperationException("No page was hashed.");
        }
    }

    private static unsafe ulong HashArea(int pid, nuint start, PageBuffer buffer)
    {
        ulong sum = 0;
        for (nuint offset = 0; offset < HeldMemory.AreaBytes; offset += PieceBytes)
        {
            LinuxNative.IoVector piece = new() { Base = (void*)(start + offset), Length = PieceBytes };
            if (ProcessMemory.ReadExclusive(pid, MemoryMarshal.CreateReadOnlySpan(ref piece, 1), buffer.Memory, PieceBytes) != PieceBytes)
            {
                throw new InvalidOperationException("The process that holds memory cannot be read.");
            }

            for (int page = 0; page < buffer.PageCount; page++)
            {
                sum += PageChecksum.Hash64(buffer.Page(page));
            }
        }

        return sum;
    }

    private static long AvailableBytes()
    {
        string line = File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }
}
