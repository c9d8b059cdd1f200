namespace FastKsm.Cli.Host;

/// <summary>What of KSM this host lets one see.</summary>
/// <param name="IsPresent">Whether the kernel has KSM.</param>
/// <param name="SettingsAreKnown">Whether its settings could be read.</param>
/// <param name="Sentence">What is out of the ordinary; empty if nothing is.</param>
internal sealed record KsmAccess(bool IsPresent, bool SettingsAreKnown, string Sentence);
