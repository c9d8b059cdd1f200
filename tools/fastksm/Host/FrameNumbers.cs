namespace FastKsm.Cli.Host;

/// <summary>Whether this user is shown frame numbers.</summary>
/// <param name="AreVisible">Whether <c>/proc/PID/pagemap</c> has them.</param>
/// <param name="Sentence">The finding, with what would permit it.</param>
internal sealed record FrameNumbers(bool AreVisible, string Sentence);
