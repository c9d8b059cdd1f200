namespace FastKsm.Scripting.Running;

/// <summary>What a name of pages stands for.</summary>
/// <param name="Address">First address, in bytes.</param>
/// <param name="Pages">Pages; some may have been unmapped since.</param>
/// <param name="IsReleased">Whether it was unmapped or moved as a whole: the name may be given away.</param>
internal readonly record struct ScriptRegion(ulong Address, ulong Pages, bool IsReleased);
