namespace FastKsm.Swapping;

/// <summary>What a swap system is made for.</summary>
internal sealed record SwapOptions
{
    /// <summary>Which Linux it behaves like, where two differ.</summary>
    internal SwapEra Era { get; init; } = SwapEra.Phase4;

    /// <summary>Which memory cgroups there are.</summary>
    internal GroupScope Scope { get; init; } = GroupScope.None;

    /// <summary>CPUs: each consumes clusters of its own. At least one.</summary>
    internal int Cpus { get; init; } = 1;

    /// <summary>Whether each CPU first refills clusters that it has filled itself, up to 64 CPUs, and takes those of others
    /// only when there is no empty one. Linux takes the one that has waited longest, whichever CPU filled it; so CPUs that free
    /// and allocate at the same time come into one another's clusters, and wait for their locks.</summary>
    internal bool KeepsClustersApart { get; init; }

    /// <summary>Number of the first frame that can be swapped.</summary>
    internal uint FirstFrame { get; init; } = 1;

    /// <summary>Frames that can be swapped; at least one, and no more than the layout can tell apart.</summary>
    internal uint Frames { get; init; } = 1 << 20;

    /// <summary>Whether folios of several pages go to swap whole; else they are split first.</summary>
    internal bool LargeFolios { get; init; } = true;

    /// <summary>Whether static arrays are backed with memory from the start, as the kernel's are.</summary>
    internal bool Prefault { get; init; }
}
