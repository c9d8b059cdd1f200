using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Settling;

/// <summary>Finds out how many scans it takes until a forecast stands.</summary>
/// <remarks>
/// Without zeroes in huge pages that is known beforehand. With them the scans are followed, while that takes well under a second or so;
/// what is left then is one scan for each huge page that is left.
/// </remarks>
internal static class Settler
{
    /// <summary>Pages that are looked at in all scans together, at most (unless the stages that are shown take more).</summary>
    private const long MostVisits = 40_000_000;

    // Twins within one folio delay a merge by a scan, and little else: not worth it for a host full of pages.
    private const int MostPagesWithoutZeroes = 1_000_000;

    private const int ScansWithZeroPages = 3;

    /// <summary>Follows the scans, where that tells something.</summary>
    /// <param name="table">All records, sorted, those of pages without an equal one still among them.</param>
    /// <param name="context">The host.</param>
    /// <param name="options">The assumed settings.</param>
    /// <param name="folios">Folios with zeroes.</param>
    /// <param name="smartScan">Whether the stages are those with smart scan.</param>
    /// <param name="mostVisits">Pages that are looked at in all scans together, at most.</param>
    /// <returns>Null where no huge page has to be taken apart first.</returns>
    internal static SettlingForecast? Follow(
        PageRecordTable table, EvaluationContext context, EvaluationOptions options, FolioMap folios, bool smartScan,
        long mostVisits = MostVisits)
    {
        if (folios.Count == 0 || (folios.CountWithZeroes == 0 && table.Count > MostPagesWithoutZeroes))
        {
            return null;
        }

        SettlingPages pages = SettlingPages.Of(table, context, folios);
        SettlingScan scan = new(pages, options);
        List<SettlingStage> after = [];
        while (!scan.IsAtRest && (after.Count < SettlingForecast.Stages.Count || (long)scan.Scans * pages.Count < mostVisits))
        {
            scan.Scan();
            Note(after, scan, smartScan);
        }

        while (after.Count < SettlingForecast.Stages.Count)
        {
            after.Add(new SettlingStage(SettlingForecast.Stages[after.Count], scan.Now));
        }

        long scans = scan.IsAtRest ? scan.Scans - 1 : scan.Scans + ScansLeft(pages, scan);
        return new SettlingForecast(
            scans,
            scan.IsAtRest,
            folios.CountWithZeroes,
            !options.UseZeroPages && folios.CountWithZeroes > 0 && scans > ScansWithZeroPages ? ScansWithZeroPages : null,
            after,
            scan.IsAtRest ? scan.Now : null);
    }

    /// <summary>The forecast where nothing has to be taken apart.</summary>
    /// <param name="steadyState">After its forecast for all pages.</param>
    /// <param name="total">That forecast.</param>
    internal static SettlingForecast Of(SteadyState steadyState, in MergeForecast total) => new(
        steadyState.Scans, IsCounted: true, HugePages: 0, WithZeroPages: null,
        [
            new SettlingStage(SettlingForecast.Stages[0], steadyState.Today),
            new SettlingStage(SettlingForecast.Stages[1], total),
            new SettlingStage(SettlingForecast.Stages[2], total),
        ],
        AtRest: null);

    private static void Note(List<SettlingStage> after, SettlingScan scan, bool smartScan)
    {
        while (after.Count < SettlingForecast.Stages.Count)
        {
            int stage = SettlingForecast.Stages[after.Count];
            if (scan.Scans != (smartScan ? SmartScan.VisitsAfter(stage) : stage))
            {
                return;
            }

            after.Add(new SettlingStage(stage, scan.Now));
        }
    }

    // Each scan takes one apart, up to the first with a single page of zeroes: that one waits, and the others meet it. The scan
    // after the last forgets the records.
    private static int ScansLeft(SettlingPages pages, SettlingScan scan)
    {
        List<(int First, bool IsSingle)> left = [];
        for (int folio = 0; folio < pages.ZeroPagesOfFolio.Length; folio++)
        {
            List<int> zeroes = pages.ZeroPagesOfFolio[folio];
            if (scan.IsInOnePiece(folio) && zeroes.Count > 0)
            {
                left.Add((zeroes[0], zeroes.TrueForAll(zero => pages.Frame[zero] == pages.Frame[zeroes[0]])));
            }
        }

        left.Sort();
        int single = left.FindIndex(folio => folio.IsSingle);
        return (single < 0 ? left.Count : single + 1) + 1;
    }
}
