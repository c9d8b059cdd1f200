namespace FastKsm;

/// <summary>What the page fault of an access did.</summary>
public enum Fault : byte
{
    /// <summary>There was none: the page table permitted the access.</summary>
    None,

    /// <summary>An untouched page was read: it is mapped to the zero frame.</summary>
    ZeroFrame,

    /// <summary>An untouched anonymous page has got a frame of zeroes.</summary>
    NewFrame,

    /// <summary>A page of a shared or file-like mapping is mapped to the frame of its backing object.</summary>
    Backed,

    /// <summary>
    /// The page has got a frame of its own, with a copy of what it was mapped to: zeroes, a shared or a merged frame.
    /// </summary>
    Copied,

    /// <summary>
    /// The page was made writable where it is: no other page had the frame any more, or the mapping is a shared one.
    /// </summary>
    Reused,

    /// <summary>A paged-out page was brought back.</summary>
    SwappedIn,

    /// <summary>A whole huge page was mapped, or made writable.</summary>
    Huge,
}
