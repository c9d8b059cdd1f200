using System.Collections.Generic;

namespace FastKsm.Merging;

/// <summary>What a check of the stable nodes has counted.</summary>
internal sealed class StableRecount
{
    /// <summary>Items on stable nodes.</summary>
    internal HashSet<uint> Items { get; } = [];

    /// <summary>Nodes with items.</summary>
    internal long Shared { get; set; }

    /// <summary>Further items.</summary>
    internal long Sharing { get; set; }

    /// <summary>Chains.</summary>
    internal long Chains { get; set; }

    /// <summary>Nodes on chains.</summary>
    internal long Dups { get; set; }
}
