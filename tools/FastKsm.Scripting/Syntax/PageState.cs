using System;

namespace FastKsm.Scripting.Syntax;

/// <summary>What a page is, as pagemap and kpageflags tell it.</summary>
[Flags]
public enum PageState
{
    /// <summary>Nothing that has a word.</summary>
    None = 0,

    /// <summary>Mapped to a frame.</summary>
    Present = 1,

    /// <summary>Its PTE is a swap entry.</summary>
    Swapped = 2,

    /// <summary>Mapped to a merged frame (KSM).</summary>
    Merged = 4,

    /// <summary>Mapped to a zero frame.</summary>
    Zero = 8,

    /// <summary>Mapped to an anonymous frame, merged or not.</summary>
    Anonymous = 16,

    /// <summary>Part of a huge page.</summary>
    Huge = 32,

    /// <summary>In the swap cache.</summary>
    SwapCached = 64,
}
