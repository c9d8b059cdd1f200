using System.Collections.Generic;
using FastKsm.Cli.Evaluation;

namespace FastKsm.Cli.Output;

/// <summary>
/// The counters at which ksmd would settle, each with its meaning: one table for every form of the report.
/// </summary>
internal static class CounterRows
{
    /// <summary>Name, figure and meaning of each.</summary>
    internal static IEnumerable<(string Name, string Figure, string Remark)> Of(EvaluationResult result)
    {
        MergeForecast total = result.Total;
        yield return ("pages_shared", Wording.Count(total.PagesShared), "KSM pages in use");
        yield return ("pages_sharing", Wording.Count(total.PagesSharing), "further addresses on them");
        yield return ("pages_unshared", Wording.Count(total.PagesUnshared), "unique, looked up again in every scan");
        yield return ("pages_volatile", Wording.Count(total.PagesVolatile), "shared by fork and by nothing else, or changing");
        yield return ("ksm_zero_pages", Wording.Count(total.KsmZeroPages), "replaced by the zero frame");
        yield return ("stable_node_chains", Wording.Count(total.StableNodeChains), "contents with more than max_page_sharing addresses");
        yield return ("stable_node_dups", Wording.Count(total.StableNodeDups), "KSM pages of those");
        yield return ("rmap_items", Wording.Count(total.RmapItems), $"records of {MergeForecast.RmapItemBytes} bytes");
        yield return (
            "general_profit", Wording.Bytes(total.GeneralProfit(result.PageSize)),
            "as Linux counts it: pages that fork shares already count as saved");
        if (total.DroppedBySplit > 0)
        {
            yield return (
                "(huge pages)", Wording.Count(total.DroppedBySplit), "zero pages that go when huge pages are split; no counter shows them");
        }
    }
}
