namespace FastKsm.Merging;

/// <summary>Which index an rmap item is in.</summary>
internal enum RmapItemState : byte
{
    /// <summary>There is no item: the page was not scanned yet, or the scanner has passed since it went away.</summary>
    Absent = 0,

    /// <summary>In no index: new, changed since the last visit, skipped, or failed to merge.</summary>
    Volatile,

    /// <summary>In the unstable index of the scan that its sequence names, or forgotten with that index.</summary>
    Unstable,

    /// <summary>On the list of a stable node.</summary>
    Stable,
}
