namespace FastKsm.Scripting.Syntax;

/// <summary>A byte of a region: <c>heap[3]+128</c>.</summary>
/// <param name="Page">The page.</param>
/// <param name="Offset">Byte within it, from 0.</param>
public sealed record BytePlace(PagePlace Page, uint Offset);
