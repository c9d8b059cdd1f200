namespace FastKsm;

/// <summary>
/// What reverse-map walks of one kind have cost so far. A merged frame takes a walk for every item and pass.
/// </summary>
public readonly record struct WalkFigures
{
    /// <summary>Walks over the VMAs of an anon_vma.</summary>
    public long Walks { get; init; }

    /// <summary>Walks not done because a lock was busy.</summary>
    public long Contended { get; init; }

    /// <summary>Intervals looked at, and nodes of the index passed on the way to them.</summary>
    public long NodesVisited { get; init; }

    /// <summary>Intervals whose VMA does not cover the page's address.</summary>
    public long RejectedByAddress { get; init; }

    /// <summary>Intervals whose process is visited in the other of the two passes over a merged frame.</summary>
    public long RejectedByPass { get; init; }

    /// <summary>VMAs whose page table was looked at.</summary>
    public long Visits { get; init; }

    /// <summary>How long the anon_vma's lock was held, hold by hold.</summary>
    public HoldTimes Hold { get; init; }

    /// <summary>How long it took to get it.</summary>
    public HoldTimes Wait { get; init; }
}
