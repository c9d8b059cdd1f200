namespace FastKsm.Scripting.Running;

/// <summary>A resize or move with everything resolved.</summary>
/// <param name="Source">The pages now.</param>
/// <param name="Pages">Pages afterwards.</param>
/// <param name="MayMove">MREMAP_MAYMOVE.</param>
/// <param name="To">First address afterwards (MREMAP_FIXED); null for no such wish.</param>
/// <param name="DontUnmap">MREMAP_DONTUNMAP.</param>
public readonly record struct RemapRequest(PageRun Source, ulong Pages, bool MayMove, ulong? To, bool DontUnmap);
