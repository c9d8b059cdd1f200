namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>Settings that all policies have in common.</summary>
/// <param name="PagesToScan">Pages of a batch; with the advisor, of the first ones.</param>
/// <param name="SleepMilliseconds">Sleep between batches.</param>
/// <param name="TargetScanSeconds">What the advisor aims at.</param>
/// <param name="MaxCpuPercent">What it does not exceed.</param>
/// <param name="Cost">What ksmd's work costs.</param>
internal sealed record KsmdSettings(
    long PagesToScan, long SleepMilliseconds, long TargetScanSeconds, long MaxCpuPercent, KsmdCost Cost);
