using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Settling;
using FastKsm.Cli.Host;

namespace FastKsm.Cli.Output;

/// <summary>Sentences that go with a forecast: how long it takes, what it takes for granted, and how far it reaches.</summary>
internal static class ForecastNotes
{
    /// <summary>How long the way to the forecast is, where it is longer than usual.</summary>
    internal static IEnumerable<string> Settling(EvaluationResult result, ScanPrice price)
    {
        SettlingForecast settling = result.Settling;
        if (settling.HugePages > 0 && settling.WithZeroPages is { } fewer)
        {
            long scans = settling.ScansWith(result.Host.SmartScan);
            string about = settling.IsCounted ? string.Empty : "about ";
            string skips = result.Host.SmartScan ? " with smart_scan=1" : string.Empty;
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"It takes {about}{scans:N0} scans{skips} ({Wording.Seconds(price.SettlingSeconds)} with the settings of today): Linux takes huge pages with zeroes apart one in a scan. ")
                + $"{Stages(result)}. With use_zero_pages=1 it takes {fewer} scans.";
        }

        if (settling.HugePages > 0 && KhugepagedSettings.Read() is { UndoesSplits: true } khugepaged)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"khugepaged puts huge pages together again, up to {khugepaged.HugePagesARound} every {khugepaged.SecondsBetweenRounds:0.#} s, zeroes and all; khugepaged/max_ptes_none (now {khugepaged.MostHoles}) at 0 keeps it from that.");
        }
    }

    /// <summary>What was taken for granted and may be otherwise.</summary>
    internal static IEnumerable<string> Premises(EvaluationResult result)
    {
        if (result.Splits is { IsProbed: false } splits)
        {
            yield return splits.Sentence;
        }

        if (result.Nodes.Host is { } nodes)
        {
            string list = string.Join(", ", nodes.Nodes.Select(node => node.ToString(CultureInfo.InvariantCulture)));
            yield return nodes.Nodes.Count == 1
                ? "merge_across_nodes=0: this host has memory on one node, so all equal pages merge."
                : $"merge_across_nodes=0: equal pages merge on each of the nodes {list} by itself.";
            if (result.Nodes.UnknownPages > 0)
            {
                yield return $"The node of {Wording.Count(result.Nodes.UnknownPages)} pages is not told by this host (move_pages is refused); "
                    + $"they count as on node {nodes.Nodes[0].ToString(CultureInfo.InvariantCulture)}, so fewer may merge.";
            }
        }
    }

    // "Saved after 1 scan nothing, after 3 scans 3.05 MiB, after 10 scans 17.2 MiB"
    private static string Stages(EvaluationResult result) => "Saved " + string.Join(", ", result.Settling.After.Select(stage =>
    {
        double saved = stage.Forecast.MemorySaved(result.PageSize);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"after {stage.Scans} {(stage.Scans == 1 ? "scan" : "scans")} {(saved > 0 ? Wording.Bytes(saved) : "nothing")}");
    }));
}
