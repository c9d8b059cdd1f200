namespace FastKsm.Primitives;

/// <summary>The sizes that are the same for every machine; page and content size are options, never constants.</summary>
internal static class Sizes
{
    /// <summary>Smallest content of a frame, and the granule of every content size, in bytes.</summary>
    internal const int ContentGranule = 16;
}
