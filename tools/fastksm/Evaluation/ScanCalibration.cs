using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Numerics;
using System.Threading;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Measures on this machine what a scan by ksmd costs, in well under a second.</summary>
/// <remarks>
/// What depends on the machine is measured: the checksum of pages that are not in the cache, and loads that wait for each other, in
/// memory that fits the second-level cache, the third, and none. CPU time counts, not time that passes, and of several rounds
/// the least: other work can only lengthen a round. If ksmd is at work, its own CPU time over its own pages corrects the result.
/// </remarks>
internal static unsafe class ScanCalibration
{
    private const int Rounds = 9;
    private const int PageSize = 4096;
    private const int LineSize = 64;
    private const int Loads = 16 * 1024;
    private const int ChecksumBytes = 16 << 20;
    private const nuint HugePage = 2 << 20;

    /// <summary>More than this share above the least round, or of time without the CPU, and the machine was busy.</summary>
    private const double BusyFrom = 1.25;

    /// <summary>Measures.</summary>
    /// <param name="host">Whether ksmd is at work, and on what.</param>
    internal static ScanCost Measure(HostKsm host)
    {
        ScanCost machine = MeasureMachine();
        return (host.Run == 1 ? MeasureKsmd(host, machine) : null) ?? machine;
    }

    // ksmd's pages of today are other ones than those evaluated, so what is taken over is by how much the reckoning for them is off.
    private static ScanCost? MeasureKsmd(HostKsm host, ScanCost machine)
    {
        const int WorthMeasuring = 1000;
        string? schedstat = FindKsmdSchedstat();
        if (schedstat is null)
        {
            return null;
        }

        long cpuBefore = CpuNanoseconds(schedstat);
        Thread.Sleep(TimeSpan.FromMilliseconds(500));
        HostKsm after = HostKsm.Read();
        long pages = after.PagesScanned - host.PagesScanned;
        double perPage = (CpuNanoseconds(schedstat) - cpuBefore) / (double)Math.Max(pages, 1);
        if (pages < WorthMeasuring || perPage <= 0)
        {
            return null;
        }

        MergeForecast scanned = ScannedPages.InOneScan(ScannedPages.OfHost(after), after.SmartScan);
        double batch = Math.Clamp(after.PagesToScan, 1, Math.Max(scanned.RmapItems, 1));
        double reckoned = 1e9 * machine.SecondsOf(scanned, batch, after.SleepMilliseconds > 0) / batch;
        double factor = Math.Clamp(perPage / Math.Max(reckoned, 1), 0.25, 4);
        return machine with
        {
            Factor = machine.Factor * factor,
            Source = string.Create(
                CultureInfo.InvariantCulture, $"corrected by the running ksmd: {perPage:F0} ns of CPU time a page, where {reckoned:F0} were reckoned"),
        };
    }

    private static ScanCost MeasureMachine()
    {
        const int SmallBytes = 256 << 10;
        const int MiddleBytes = 4 << 20;
        const int LargeBytes = 64 << 20;
        using OwnMemory? memory = OwnMemory.TryMap(LargeBytes, HugePage);
        if (memory is null)
        {
            return ScanCost.Typical;
        }

        // In huge pages, as the kernel's own mapping of memory is, so that translations are not what is measured.
        _ = memory.Advise(0, LargeBytes, LinuxNative.AdviseHugePage);
        for (nuint offset = 0; offset < LargeBytes; offset += PageSize)
        {
            *(ulong*)(memory.Start + offset) = 0;
        }

        long wall = Stopwatch.GetTimestamp();
        double cpu = ThreadCpuNanoseconds();
        uint line = 0;
        Samples checksum = new(Rounds), near = new(Rounds), middle = new(Rounds), far = new(Rounds);
        for (int round = 0; round < Rounds; round++)
        {
            near.Add(TimeDependentLoads(memory.Start, SmallBytes, ref line));
            middle.Add(TimeDependentLoads(memory.Start, MiddleBytes, ref line));
            far.Add(TimeDependentLoads(memory.Start, LargeBytes, ref line));
            checksum.Add(TimeChecksums(memory.Start));
        }

        double share = Stopwatch.GetElapsedTime(wall).TotalNanoseconds / Math.Max(ThreadCpuNanoseconds() - cpu, 1);
        double spread = Math.Max(Math.Max(checksum.Spread, middle.Spread), far.Spread);
        return new ScanCost(
            checksum.Least, near.Least, middle.Least, far.Least, Math.Max(spread, 1), share > BusyFrom || spread > BusyFrom,
            string.Create(
                CultureInfo.InvariantCulture,
                $"calibrated: checksum {checksum.Least:F0} ns and memory access {near.Least:F0} to {far.Least:F0} ns measured here, fixed costs of Linux 6.18"));
    }

    // Stands for ksmd's XXH64 of a page: four lanes of multiply, rotate, multiply, as the published algorithm has them.
    private static double TimeChecksums(byte* memory)
    {
        const ulong Prime1 = 0x9E3779B185EBCA87;
        const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
        ulong a = Prime1, b = Prime2, c = 0, d = 1;
        double start = ThreadCpuNanoseconds();
        for (ulong* word = (ulong*)memory, end = (ulong*)(memory + ChecksumBytes); word < end; word += 4)
        {
            a = BitOperations.RotateLeft(a + (word[0] * Prime2), 31) * Prime1;
            b = BitOperations.RotateLeft(b + (word[1] * Prime2), 31) * Prime1;
            c = BitOperations.RotateLeft(c + (word[2] * Prime2), 31) * Prime1;
            d = BitOperations.RotateLeft(d + (word[3] * Prime2), 31) * Prime1;
        }

        double elapsed = ThreadCpuNanoseconds() - start;
        return (elapsed / (ChecksumBytes / PageSize)) + ((a ^ b ^ c ^ d) == 0 ? 1 : 0);
    }

    // The next line depends on what the last one held, so that loads can't overlap, as in a walk down a tree. Each round goes on
    // behind the last one, or the lines of the first would be in a cache. What may be in one is fetched before it is timed.
    private static double TimeDependentLoads(byte* memory, int byteLength, ref uint line)
    {
        const uint MostFetched = 64 * 1024;
        uint lines = (uint)(byteLength / LineSize);
        line &= lines - 1;
        if (lines <= MostFetched)
        {
            line = Chase(memory, lines, line, lines);
        }

        double start = ThreadCpuNanoseconds();
        line = Chase(memory, lines, line, Loads);
        double elapsed = ThreadCpuNanoseconds() - start;
        return (elapsed / Loads) + (line == lines ? 1 : 0);
    }

    private static uint Chase(byte* memory, uint lines, uint line, uint count)
    {
        for (uint i = 0; i < count; i++)
        {
            ulong held = *(ulong*)(memory + ((nuint)line * LineSize));
            line = ((line * 1664525u) + 1013904223u + (uint)held) & (lines - 1);
        }

        return line;
    }

    private static double ThreadCpuNanoseconds()
    {
        LinuxNative.TimeSpec time;
        return LinuxNative.clock_gettime(LinuxNative.ClockThreadCpuTime, &time) == 0 ? (time.Seconds * 1e9) + time.Nanoseconds : 0;
    }

    private static string? FindKsmdSchedstat()
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (ProcFile.TryReadText(directory + "/comm") is "ksmd\n")
            {
                return directory + "/schedstat";
            }
        }

        return null;
    }

    private static long CpuNanoseconds(string schedstat) =>
        ProcFile.TryReadText(schedstat) is { } text
        && long.TryParse(text.Split(' ')[0], CultureInfo.InvariantCulture, out long value)
            ? value
            : 0;

    private sealed class Samples(int capacity)
    {
        private readonly double[] _values = new double[capacity];
        private int _count;

        internal double Least => _values[0];

        /// <summary>The median, as a multiple of the least.</summary>
        internal double Spread => _values[_count / 2] / Math.Max(_values[0], 0.1);

        internal void Add(double value)
        {
            _values[_count++] = value;
            Array.Sort(_values, 0, _count);
        }
    }
}
