namespace FastKsm.Swapping;

/// <summary>Which list a cluster is on.</summary>
internal enum ClusterFlag : byte
{
    /// <summary>None: an allocator or a reclaimer has it.</summary>
    None,

    /// <summary>Free: no slot in use, no table.</summary>
    Free,

    /// <summary>A slot has become free since the cluster was last searched: there is room.</summary>
    NonFull,

    /// <summary>Partly used, and searched or being filled.</summary>
    Fragmented,

    /// <summary>All slots in use.</summary>
    Full,

    /// <summary>Empty, and to be discarded on the device first.</summary>
    Discard,
}
