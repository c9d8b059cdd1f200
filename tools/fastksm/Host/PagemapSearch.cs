namespace FastKsm.Cli.Host;

/// <summary>Whether pagemap can be searched.</summary>
/// <param name="IsPresent">Whether the PAGEMAP_SCAN ioctl is there.</param>
/// <param name="Sentence">The finding, with what it costs.</param>
internal sealed record PagemapSearch(bool IsPresent, string Sentence);
