namespace FastKsm.Scripting.Syntax;

/// <summary>One page of a region: <c>heap[3]</c>.</summary>
/// <param name="Region">The region.</param>
/// <param name="Page">Index, from 0.</param>
public sealed record PagePlace(Name Region, ulong Page);
