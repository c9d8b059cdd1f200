using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation;

/// <summary>The VMAs worth marking with madvise, and what merging only them would give.</summary>
/// <remarks>
/// A VMA is worth marking if its share of the saving exceeds the 64 bytes that each of its pages costs ksmd. Leaving the
/// others unmarked takes away twins, so the forecast is made anew with the chosen ones until none of them falls below zero.
/// </remarks>
internal sealed class MarkingPlan
{
    private const int MostRounds = 8;

    private MarkingPlan(bool[] chosen, PageCounts[] counts, MergeForecast forecast)
    {
        Chosen = chosen;
        Counts = counts;
        Forecast = forecast;
    }

    /// <summary>Which VMAs are worth it.</summary>
    internal IReadOnlyList<bool> Chosen { get; }

    /// <summary>What becomes of the pages of each VMA if only the chosen ones are marked.</summary>
    internal IReadOnlyList<PageCounts> Counts { get; }

    /// <summary>The counters if only the chosen ones are marked.</summary>
    internal MergeForecast Forecast { get; }

    /// <summary>Makes the plan.</summary>
    /// <param name="steadyState">Forecasts.</param>
    /// <param name="all">What becomes of the pages if every VMA is marked.</param>
    /// <param name="pageSize">Page size in bytes.</param>
    internal static MarkingPlan Make(SteadyState steadyState, PageCounts[] all, long pageSize)
    {
        bool[] chosen = new bool[all.Length];
        for (int i = 0; i < all.Length; i++)
        {
            chosen[i] = all[i].Profit(pageSize) > 0;
        }

        PageCounts[] counts = new PageCounts[all.Length];
        MergeForecast forecast = steadyState.Forecast(counts, chosen);
        for (int round = 1; round < MostRounds && DropLosers(chosen, counts, pageSize); round++)
        {
            forecast = steadyState.Forecast(counts, chosen);
        }

        return new MarkingPlan(chosen, counts, forecast);
    }

    private static bool DropLosers(bool[] chosen, PageCounts[] counts, long pageSize)
    {
        bool dropped = false;
        for (int i = 0; i < chosen.Length; i++)
        {
            if (chosen[i] && counts[i].Profit(pageSize) <= 0)
            {
                chosen[i] = false;
                dropped = true;
            }
        }

        return dropped;
    }
}
