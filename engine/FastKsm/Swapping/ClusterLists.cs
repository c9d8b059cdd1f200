namespace FastKsm.Swapping;

/// <summary>Numbers of a device's lists.</summary>
/// <remarks>Where CPUs keep to clusters of their own, each share of CPUs has lists of its own; those of empty clusters are
/// in the first share, for all.</remarks>
internal static class ClusterLists
{
    /// <summary>Empty clusters.</summary>
    internal const int Free = 0;

    /// <summary>Empty clusters that are to be discarded first.</summary>
    internal const int Discard = 1;

    /// <summary>Clusters without a free slot.</summary>
    internal const int Full = 2;

    /// <summary>How many lists there are.</summary>
    internal const int Number = 3 + (2 * SwapLimits.Orders);

    /// <summary>The most shares.</summary>
    internal const int MostShares = 64;

    private const int ShareShift = 5;

    /// <summary>The list of a share.</summary>
    internal static int In(int share, int list) => list <= Discard ? list : list | (share << ShareShift);

    /// <summary>Whose a list is.</summary>
    internal static int ShareOf(int list) => list >> ShareShift;

    /// <summary>A list's number within its share.</summary>
    internal static int Within(int list) => list & ((1 << ShareShift) - 1);

    /// <summary>Clusters of an order in which a slot has become free.</summary>
    internal static int NonFull(int order) => 3 + order;

    /// <summary>Clusters of an order that have been searched.</summary>
    internal static int Fragmented(int order) => 3 + SwapLimits.Orders + order;

    /// <summary>The list on which a cluster is; -1 for none.</summary>
    internal static int Of(in ClusterHead cluster)
    {
        int list = cluster.Flag switch
        {
            ClusterFlag.Free => Free,
            ClusterFlag.Discard => Discard,
            ClusterFlag.Full => Full,
            ClusterFlag.NonFull => NonFull(cluster.Order),
            ClusterFlag.Fragmented => Fragmented(cluster.Order),
            _ => -1,
        };
        return list < 0 ? list : In(cluster.Share, list);
    }
}
