namespace FastKsm.AddressSpaces;

/// <summary>One frame on its way to another: what the migrator keeps of it between its two walks.</summary>
internal struct FrameMove
{
    /// <summary>The frame that is leaving; the caller has a reference to it.</summary>
    internal Pfn From;

    /// <summary>The frame that is going to have its content.</summary>
    internal Pfn To;

    /// <summary>List of the pages of a merged frame.</summary>
    internal uint List;

    /// <summary>anon_vma, or stable node.</summary>
    internal uint Mapping;

    /// <summary>Linear page index.</summary>
    internal ulong Index;

    /// <summary>Whether the frame is a merged one.</summary>
    internal bool IsMerged;

    /// <summary>Whether the frame's pages can be found: its node or its anon_vma is kept.</summary>
    internal bool IsHeld;
}
