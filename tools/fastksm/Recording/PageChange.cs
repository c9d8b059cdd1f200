namespace FastKsm.Cli.Recording;

/// <summary>What became of one page since the sample before.</summary>
/// <param name="Place">
/// In a timeline its address in pages; in a recording its rank among all pages that its process ever had, from 0.
/// </param>
/// <param name="Fingerprint">
/// What it holds now; <see cref="KeyedFingerprint.Zero"/> for zeroes. Without meaning where it went.
/// </param>
/// <param name="IsGone">Whether it is there no more.</param>
internal readonly record struct PageChange(ulong Place, ulong Fingerprint, bool IsGone);
