namespace FastKsm.Primitives;

/// <summary>The sizes that are the same for every machine; page and content size are options, never constants.</summary>
internal static class Sizes
{
    /// <summary>Smallest content of a frame, and the granule of every content size, in bytes.</summary>
    internal const int ContentGranule = 16;

    /// <summary>Granule in which the host commits and protects memory, in bytes.</summary>
    internal const int HostPage = 4096;

    /// <summary>Distance, in bytes, that keeps two hot words off one cache line and off its prefetched neighbour.</summary>
    internal const int FalseSharingStride = 128;

    /// <summary>Virtual addresses lie below 2^47, as in a four-level x86-64 user space.</summary>
    internal const int AddressBits = 47;

    /// <summary>Width of a linear page index, in bits.</summary>
    internal const int IndexBits = 40;

    /// <summary>Pages of a huge page: as many as a leaf of a page table translates.</summary>
    internal const int HugePages = 1 << HugeShift;

    /// <summary>Huge pages begin at page and frame numbers that are multiples of 2 to this power.</summary>
    internal const int HugeShift = 9;
}
