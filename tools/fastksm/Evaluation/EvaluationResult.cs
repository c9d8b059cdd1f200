using System;
using System.Collections.Generic;
using FastKsm.Cli.Evaluation.Compression;
using FastKsm.Cli.Evaluation.Nearly;
using FastKsm.Cli.Evaluation.Owners;
using FastKsm.Cli.Evaluation.Settling;
using FastKsm.Cli.Evaluation.Templates;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>The answer: counters, and processes by profit.</summary>
/// <param name="Options">What was assumed.</param>
/// <param name="Host">The host.</param>
/// <param name="PageSize">Page size in bytes.</param>
/// <param name="FramesAreKnown">Whether frames were told apart by number; else sharing by fork is inferred from content.</param>
/// <param name="Total">Linux's counters in the steady state.</param>
/// <param name="Marking">The counters if only the VMAs worth it are marked.</param>
/// <param name="Settling">How many scans it takes, and what stands on the way.</param>
/// <param name="Range">What working processes may come to; null where they were not watched.</param>
/// <param name="Splits">What becomes of zeroes in huge pages, and how that is known; null where it did not matter.</param>
/// <param name="Nodes">Whether NUMA nodes were kept apart.</param>
/// <param name="Processes">All that were found, most profitable first.</param>
/// <param name="Elapsed">Time it took to find, read, sort and forecast.</param>
internal sealed record EvaluationResult(
    EvaluationOptions Options,
    HostKsm Host,
    long PageSize,
    bool FramesAreKnown,
    MergeForecast Total,
    MergeForecast Marking,
    SettlingForecast Settling,
    ForecastRange? Range,
    HugePageSplits? Splits,
    NodesSummary Nodes,
    IReadOnlyList<ProcessForecast> Processes,
    TimeSpan Elapsed)
{
    /// <summary>How the processes were read, and what was found beside the pages that can merge.</summary>
    internal ReadingFacts? Reading { get; init; }

    /// <summary>The saving by owner; null where that was not asked for.</summary>
    internal OwnerSavings? Owners { get; init; }

    /// <summary>What is left of the snapshot; null where there was none.</summary>
    internal TemplateComparison? Template { get; init; }

    /// <summary>What compression would give; null where that was not asked for.</summary>
    internal CompressionForecast? Compression { get; init; }

    /// <summary>What of images was not counted; null where there were none.</summary>
    internal ImageFacts? Images { get; init; }

    /// <summary>What would merge if pages differed less; null where that was not asked for.</summary>
    internal NearlyForecast? Nearly { get; init; }

    /// <summary>Pages read.</summary>
    internal long Pages => Sum(process => process.Counts.Pages);

    /// <summary>Pages that had gone when they were to be read.</summary>
    internal long PagesLeft => Sum(process => process.Process.PagesLeft);

    /// <summary>Records that ksmd keeps today of the processes that were chosen.</summary>
    internal long RmapItemsToday => Sum(process => process.Process.KsmRmapItems);

    /// <summary>Pages of them that are merged today.</summary>
    internal long PagesMergedToday => Sum(process => process.Process.KsmMergingPages);

    /// <summary>Number of processes with a status.</summary>
    internal int Count(ReadStatus status)
    {
        int count = 0;
        foreach (ProcessForecast process in Processes)
        {
            count += process.Process.Status == status ? 1 : 0;
        }

        return count;
    }

    private long Sum(Func<ProcessForecast, long> figure)
    {
        long sum = 0;
        foreach (ProcessForecast process in Processes)
        {
            sum += figure(process);
        }

        return sum;
    }
}
