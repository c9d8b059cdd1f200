using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Measures on this machine what a scan by ksmd costs, in well under a second.</summary>
/// <remarks>
/// If ksmd is at work its own CPU time over its own page count is taken. Else the two parts that depend on the machine are
/// measured, the checksum of pages that are not in the cache and a dependent load from memory, and Linux's fixed costs
/// are added to them. Those were fitted to ksmd of Linux 6.18 on an AMD EPYC 9004 (CPU time over pages scanned, unique
/// pages, smart_scan=0): 230 ns for a merged page; 2.8, 4.0 and 5.5 µs for a unique one among 2,048, 32,768 and 262,144.
/// </remarks>
internal static unsafe class ScanCalibration
{
    private const double VisitNanoseconds = 230;
    private const double LevelNanoseconds = 170;
    private const int Pages = 8192;
    private const int PageSize = 4096;

    /// <summary>Measures.</summary>
    /// <param name="host">Whether ksmd is at work.</param>
    internal static ScanCost Measure(HostKsm host) => (host.Run == 1 ? MeasureKsmd(host) : null) ?? MeasureMachine();

    private static ScanCost? MeasureKsmd(HostKsm host)
    {
        const int WorthMeasuring = 1000;
        string? schedstat = FindKsmdSchedstat();
        if (schedstat is null)
        {
            return null;
        }

        long cpuBefore = CpuNanoseconds(schedstat);
        Thread.Sleep(TimeSpan.FromMilliseconds(500));
        long pages = HostKsm.Read().PagesScanned - host.PagesScanned;
        double perPage = (CpuNanoseconds(schedstat) - cpuBefore) / (double)Math.Max(pages, 1);
        return pages >= WorthMeasuring && perPage > 0
            ? new ScanCost(perPage, 0, 0, "measured: CPU time of the running ksmd over its pages_scanned")
            : null;
    }

    private static ScanCost MeasureMachine()
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc(Pages * (nuint)PageSize, PageSize);
        try
        {
            Fill(memory);
            double checksum = double.MaxValue;
            double load = double.MaxValue;
            for (int round = 0; round < 2; round++)
            {
                checksum = Math.Min(checksum, TimeChecksums(memory));
                load = Math.Min(load, TimeDependentLoads(memory));
            }

            return new ScanCost(
                VisitNanoseconds,
                checksum,
                LevelNanoseconds + load,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"calibrated: checksum {checksum:F0} ns and memory access {load:F0} ns measured here, fixed costs of Linux 6.18"));
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static void Fill(byte* memory)
    {
        ulong* words = (ulong*)memory;
        for (int i = 0; i < Pages * PageSize / sizeof(ulong); i++)
        {
            words[i] = (ulong)i * 0x9E3779B97F4A7C15;
        }
    }

    // Stands for ksmd's XXH64 of a page: four lanes of multiply, rotate, multiply, as the published algorithm has them.
    private static double TimeChecksums(byte* memory)
    {
        const ulong Prime1 = 0x9E3779B185EBCA87;
        const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
        ulong a = Prime1, b = Prime2, c = 0, d = 1;
        long start = Stopwatch.GetTimestamp();
        for (ulong* word = (ulong*)memory, end = (ulong*)(memory + (Pages * PageSize)); word < end; word += 4)
        {
            a = BitOperations.RotateLeft(a + (word[0] * Prime2), 31) * Prime1;
            b = BitOperations.RotateLeft(b + (word[1] * Prime2), 31) * Prime1;
            c = BitOperations.RotateLeft(c + (word[2] * Prime2), 31) * Prime1;
            d = BitOperations.RotateLeft(d + (word[3] * Prime2), 31) * Prime1;
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        return elapsed / Pages + ((a ^ b ^ c ^ d) == 0 ? 1 : 0);
    }

    // The next page depends on what the last one held, so that loads can't overlap, as in a walk down a tree.
    private static double TimeDependentLoads(byte* memory)
    {
        const int Loads = 4 * Pages;
        uint page = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Loads; i++)
        {
            uint value = *(uint*)(memory + ((nuint)page * PageSize) + ((nuint)(i & 63) * 64));
            page = (value ^ (uint)i) % Pages;
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        return elapsed / Loads + (page == Pages ? 1 : 0);
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
}
