using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Settling;

/// <summary>How long the way to the steady state is, and what stands on it.</summary>
/// <param name="Scans">Full scans until all stands, with every page processed in each (smart_scan=0).</param>
/// <param name="IsCounted">Whether the scans were followed to the end; else what is left was reckoned from the huge pages that are left.</param>
/// <param name="HugePages">Huge pages and other large folios with zeroes that go when they are taken apart.</param>
/// <param name="WithZeroPages">Scans with use_zero_pages=1, where that is fewer; else null.</param>
/// <param name="After">What stands after one, three and ten scans.</param>
/// <param name="AtRest">The counters at the end, where the scans were followed so far; else null.</param>
internal sealed record SettlingForecast(
    long Scans, bool IsCounted, int HugePages, long? WithZeroPages, IReadOnlyList<SettlingStage> After, MergeForecast? AtRest)
{
    /// <summary>The scans after which it is shown what stands.</summary>
    internal static IReadOnlyList<int> Stages { get; } = [1, 3, 10];

    /// <summary>Full scans until all stands, with smart scan on or off.</summary>
    internal long ScansWith(bool smartScan) => smartScan ? SmartScan.ScanOfVisit(Scans) : Scans;
}
