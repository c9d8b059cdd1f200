namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>What a frame holds.</summary>
/// <param name="IsAnonymous">Anonymous memory, merged or not.</param>
/// <param name="IsInSwapCache">Also found by its swap slot.</param>
/// <param name="IsKsm">A merged page.</param>
/// <param name="IsHuge">A part of a huge page.</param>
/// <param name="IsZeroFrame">The zeroes that all share.</param>
internal readonly record struct FrameState(bool IsAnonymous, bool IsInSwapCache, bool IsKsm, bool IsHuge, bool IsZeroFrame);
