namespace FastKsm.Swapping;

/// <summary>Ends of a list of clusters: numbers and one, 0 for none.</summary>
internal struct ClusterList
{
    /// <summary>The one that is taken first.</summary>
    internal uint Head;

    /// <summary>The one that was added last.</summary>
    internal uint Tail;

    /// <summary>Clusters on it.</summary>
    internal int Count;
}
