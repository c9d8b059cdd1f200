namespace FastKsm.Cli.Recording;

/// <summary>The host's settings of KSM when it was recorded.</summary>
/// <param name="PagesToScan">Pages of a batch.</param>
/// <param name="SleepMilliseconds">Pause between batches.</param>
/// <param name="SmartScan">Whether pages that do not merge are left out more and more often.</param>
/// <param name="AdvisorTargetSeconds">What the advisor aims at; 0 where it is off.</param>
/// <param name="UseZeroPages">Whether pages of zeroes are replaced by the zero frame.</param>
/// <param name="MaxPageSharing">Addresses on one KSM page at most.</param>
internal sealed record RecordedSettings(
    long PagesToScan, long SleepMilliseconds, bool SmartScan, long AdvisorTargetSeconds, bool UseZeroPages, int MaxPageSharing);
