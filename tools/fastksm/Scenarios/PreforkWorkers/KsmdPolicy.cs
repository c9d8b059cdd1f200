namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>How ksmd is set up.</summary>
/// <param name="Name">For the heading of a column.</param>
/// <param name="Key">The same for programs.</param>
/// <param name="SmartScan">Whether pages that do not merge are left out more and more often.</param>
/// <param name="Advisor">Whether the scan-time advisor chooses pages_to_scan.</param>
internal sealed record KsmdPolicy(string Name, string Key, bool SmartScan, bool Advisor);
