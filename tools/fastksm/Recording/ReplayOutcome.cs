using System;

namespace FastKsm.Cli.Recording;

/// <summary>What ksmd would have done with a recording under one policy.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="FullScans">Full scans that came to their end.</param>
/// <param name="PagesScanned">Pages processed.</param>
/// <param name="PagesSkipped">Pages that smart scan left out.</param>
/// <param name="CpuTime">ksmd's CPU time, modelled.</param>
/// <param name="Length">Model time that passed.</param>
/// <param name="ProfitAverage">Linux's general_profit, averaged over time, in bytes.</param>
/// <param name="ProfitAtEnd">The same at the end, in bytes.</param>
/// <param name="MergedAtEnd">Addresses on KSM pages and on the zero frame at the end.</param>
/// <param name="Merged">Addresses that were merged, each time that they were.</param>
/// <param name="Broken">Merged pages that were written and so copied again.</param>
/// <param name="Gone">Merged pages that the process gave back.</param>
/// <param name="PagesToScan">pages_to_scan at the end: what the advisor came to.</param>
internal sealed record ReplayOutcome(
    ReplayPolicy Policy,
    long FullScans,
    long PagesScanned,
    long PagesSkipped,
    TimeSpan CpuTime,
    TimeSpan Length,
    double ProfitAverage,
    long ProfitAtEnd,
    long MergedAtEnd,
    long Merged,
    long Broken,
    long Gone,
    long PagesToScan)
{
    /// <summary>Share of one CPU.</summary>
    internal double CpuShare => Length > TimeSpan.Zero ? CpuTime / Length : 0;

    /// <summary>Erosion: of the addresses that were merged, the share that was written again.</summary>
    internal double Erosion => Merged > 0 ? Broken / (double)Merged : 0;
}
