namespace FastKsm.Scripting.Syntax;

/// <summary>Pages by index within a region.</summary>
/// <param name="First">First index, from 0.</param>
/// <param name="Last">Last index; at least <paramref name="First"/>.</param>
/// <param name="Step">Distance from one page to the next; 1 for neighbours.</param>
public sealed record PageSelection(ulong First, ulong Last, ulong Step = 1);
