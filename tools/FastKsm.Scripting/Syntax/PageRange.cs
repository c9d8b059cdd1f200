namespace FastKsm.Scripting.Syntax;

/// <summary>Pages of a region: <c>heap</c>, <c>heap[4]</c>, <c>heap[4..7]</c> or every second one, <c>heap[4..7:2]</c>.</summary>
/// <param name="Region">The region.</param>
/// <param name="Pages">Which pages; all of them if null.</param>
public sealed record PageRange(Name Region, PageSelection? Pages);
