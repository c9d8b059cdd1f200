namespace FastKsm.Cli.Evaluation;

/// <summary>What scanning the evaluated memory would cost, today and as asked for.</summary>
/// <param name="Cost">What a page costs ksmd, and how that was found.</param>
/// <param name="SecondsPerPage">The same, averaged over the pages that were evaluated: c.</param>
/// <param name="Current">A scan with the host's settings of today.</param>
/// <param name="TargetSeconds">The scan time asked for; null for none.</param>
/// <param name="Target">The recommended settings; null where none were asked for or none can do it.</param>
internal sealed record ScanPrice(
    ScanCost Cost, double SecondsPerPage, ScanSettings Current, double? TargetSeconds, ScanSettings? Target)
{
    /// <summary>Time until all that is forecast stands, with the host's settings of today.</summary>
    internal double SettlingSeconds { get; init; }

    /// <summary>Works it out for the result of an evaluation.</summary>
    /// <param name="result">What would be scanned.</param>
    /// <param name="cost">What a page costs.</param>
    /// <param name="targetSeconds">Wanted time of a full scan; null for none.</param>
    internal static ScanPrice Of(EvaluationResult result, ScanCost cost, double? targetSeconds)
    {
        double perPage = cost.SecondsPerPage(result.Total);
        long pages = result.Total.RmapItems;
        return new ScanPrice(
            cost,
            perPage,
            ScanSettings.Of(pages, perPage, result.Host.PagesToScan, result.Host.SleepMilliseconds),
            targetSeconds,
            targetSeconds is { } target ? ScanSettings.ForTarget(pages, perPage, target) : null);
    }
}
