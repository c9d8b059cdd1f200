namespace FastKsm.Cli.Evaluation;

/// <summary>A page that may be on a KSM page.</summary>
/// <param name="Ordinal">Its place in the order of visits.</param>
/// <param name="Vma">Position of its VMA.</param>
/// <param name="Frame">Its frame, or its checksum where frame numbers are hidden.</param>
/// <param name="Address">Its address.</param>
internal readonly record struct KsmCandidate(int Ordinal, int Vma, ulong Frame, ulong Address);
