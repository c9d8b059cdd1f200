using System;

namespace FastKsm.AddressSpaces;

/// <summary>What has been done about a page ahead of its merging.</summary>
[Flags]
internal enum AheadState : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Its entry is read-only and clean: what remains to be done waits for the flush.</summary>
    Waits = 1,

    /// <summary>The entry permitted or remembered more before.</summary>
    Protected = 2,

    /// <summary>The entry was dirty before.</summary>
    WasDirty = 4,

    /// <summary>It has been replaced by a zero frame.</summary>
    Merged = 8,

    /// <summary>Its frame was exclusive before.</summary>
    WasExclusive = 16,
}
