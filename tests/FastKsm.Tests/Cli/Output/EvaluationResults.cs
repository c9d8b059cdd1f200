using System;
using System.Collections.Generic;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Settling;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Tests.Cli.Output;

/// <summary>Results of evaluations that never took place.</summary>
internal static class EvaluationResults
{
    internal const long PageSize = 4096;

    /// <summary>A host with settings as Linux has them at first.</summary>
    internal static HostKsm Host => HostKsm.Read() with { IsPresent = true, PagesToScan = 100, SleepMilliseconds = 20 };

    /// <summary>A result of one process without VMAs.</summary>
    internal static EvaluationResult Of(MergeForecast total, long pages, MergeForecast marking = default, bool isMarked = false) => new(
        new EvaluationOptions(256, UseZeroPages: false, OnlyMarked: false, Threads: 1),
        Host,
        PageSize,
        FramesAreKnown: true,
        total,
        marking,
        new SettlingForecast(Scans: 3, IsCounted: true, HugePages: 0, WithZeroPages: null, [], AtRest: null),
        Range: null,
        Splits: null,
        new NodesSummary(Host: null, UnknownPages: 0),
        [
            new ProcessForecast(
                LiveProcess.Noted(1, new ProcessStat("one", 'S', false, 1)),
                new PageCounts { Pages = pages },
                [new VmaForecast(Vma(isMarked, string.Empty), VmaEligibility.Eligible, default, IsWorthMarking: false)]),
        ],
        TimeSpan.FromMilliseconds(10));

    /// <summary>What scanning would cost on a host whose timer ticks every 4 ms.</summary>
    internal static ScanPrice PriceOf(EvaluationResult result) => ScanPrice.Of(
        result, ScanCost.Typical, new TimerTick(TimeSpan.FromMilliseconds(4), IsProbed: true, string.Empty), targetSeconds: null);

    /// <summary>A result with large figures, no two of them equal, in processes and VMAs with the given names.</summary>
    internal static EvaluationResult Random(int seed, IReadOnlyList<string> names)
    {
        System.Random random = new(seed);
        HashSet<long> used = [];
        long Figure()
        {
            // Of any length up to 10^10, so that columns are as wide as they get, and some are narrow.
            long figure;
            do
            {
                figure = (long)Math.Pow(10, random.NextDouble() * 10) + 100;
            }
            while (!used.Add(figure));

            return figure;
        }

        PageCounts Counts() => new()
        {
            Pages = Figure(),
            Merging = Figure(),
            ZeroContent = Figure(),
            DuplicatesInside = Figure(),
            DuplicatesWithOthers = Figure(),
        };

        List<ProcessForecast> processes = [];
        foreach (string name in names)
        {
            List<VmaForecast> vmas = [];
            for (int i = 0; i < 2; i++)
            {
                vmas.Add(new VmaForecast(Vma(isMarked: false, name), VmaEligibility.Eligible, Counts(), IsWorthMarking: true));
            }

            int pid = random.Next(100_000, 4_194_304);
            LiveProcess process = LiveProcess.Noted(
                pid, new ProcessStat(name, 'S', false, 1), commandLine: name,
                status: processes.Count == names.Count - 1 ? ReadStatus.Zombie : ReadStatus.Read);
            processes.Add(new ProcessForecast(process, Counts(), vmas));
        }

        MergeForecast total = new()
        {
            PagesShared = Figure(),
            PagesSharing = Figure(),
            PagesUnshared = Figure(),
            PagesVolatile = Figure(),
            KsmZeroPages = Figure(),
            StableNodeChains = Figure(),
            StableNodeDups = Figure(),
            RmapItems = Figure(),
            FramesBefore = 20_000_000_000,
            FramesAfter = Figure(),
            DroppedBySplit = Figure(),
        };
        return Of(total, 1) with { Processes = processes, Marking = total with { FramesAfter = Figure() }, FramesAreKnown = false };
    }

    private static Vma Vma(bool isMarked, string name) => new(
        0x7f00_0000_0000, 0x7f00_0000_0000 + (1UL << 30), isMarked ? VmaFlags.Mergeable : VmaFlags.None, 1 << 30, 0, name);
}
