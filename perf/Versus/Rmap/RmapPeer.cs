namespace FastKsm.Perf.Versus.Rmap;

/// <summary>What a pruned walk is compared with.</summary>
internal enum RmapPeer
{
    /// <summary>The engine's own walk over all VMAs of the anon_vma.</summary>
    Unpruned = 0,

    /// <summary>The same over a red-black tree of Linux's shape.</summary>
    LinuxTree,
}
