using System;

namespace FastKsm;

/// <summary>Attributes of a mapping besides its protection; the words are those of smaps' VmFlags.</summary>
/// <remarks>The bits are those of the engine's own VMA flags.</remarks>
[Flags]
public enum MappingAttributes : uint
{
    /// <summary>Private, and nothing else.</summary>
    None = 0,

    /// <summary>Shared (sh).</summary>
    Shared = 1 << 3,

    /// <summary>Counted as committed memory (ac).</summary>
    Accounted = 1 << 4,

    /// <summary>Made without commit accounting (nr).</summary>
    NoReserve = 1 << 5,

    /// <summary>Locked in memory (lo).</summary>
    Locked = 1 << 6,

    /// <summary>Candidate for same-page merging (mg).</summary>
    Mergeable = 1 << 7,

    /// <summary>Prefers huge pages (hg).</summary>
    HugePage = 1 << 8,

    /// <summary>Avoids huge pages (nh).</summary>
    NoHugePage = 1 << 9,

    /// <summary>A child has a hole here (dc).</summary>
    DontFork = 1 << 10,

    /// <summary>A child starts with empty pages here (wf).</summary>
    WipeOnFork = 1 << 11,

    /// <summary>Left out of core dumps (dd).</summary>
    DontDump = 1 << 12,

    /// <summary>Read in rising order (sr).</summary>
    Sequential = 1 << 13,

    /// <summary>Read in random order (rr).</summary>
    Random = 1 << 14,
}
