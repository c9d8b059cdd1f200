using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation.Owners;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Processes of one owner, summed up.</summary>
/// <param name="Owner">Its name, which need not be harmless.</param>
/// <param name="Processes">How many were read.</param>
/// <param name="MarkedToday">How many of them have memory that is marked today.</param>
/// <param name="Counts">
/// What becomes of their pages. Duplicates are counted by process: "with others" includes other processes of the same owner.
/// </param>
/// <param name="Profit">Sum of Linux's <c>ksm_process_profit</c>, in bytes.</param>
internal sealed record OwnerForecast(string Owner, int Processes, int MarkedToday, PageCounts Counts, long Profit)
{
    /// <summary>What is saved within it and across owners, and by one more of it; null where that was not asked for.</summary>
    internal OwnerSaving? Saving { get; init; }

    /// <summary>Sums up a result, most profitable owner first.</summary>
    internal static IReadOnlyList<OwnerForecast> Of(EvaluationResult result, OwnerKind kind) =>
    [
        .. result.Processes
            .Where(process => process.Process.Status == ReadStatus.Read)
            .GroupBy(process => ProcessOwner.Of(process.Process, kind), StringComparer.Ordinal)
            .Select(group => Sum(group.Key, [.. group], result.PageSize) with
            {
                Saving = result.Owners is { } owners && owners.Kind == kind ? owners.ByOwner.GetValueOrDefault(group.Key) : null,
            })
            .OrderByDescending(owner => owner.Profit)
            .ThenBy(owner => owner.Owner, StringComparer.Ordinal),
    ];

    private static OwnerForecast Sum(string owner, ProcessForecast[] processes, long pageSize)
    {
        PageCounts counts = default;
        foreach (ProcessForecast process in processes)
        {
            counts.Add(process.Counts);
        }

        return new OwnerForecast(
            owner,
            processes.Length,
            processes.Count(process => process.IsMarkedToday),
            counts,
            processes.Sum(process => process.ProcessProfit(pageSize)));
    }
}
