namespace FastKsm.Swapping;

/// <summary>Numbers of a device's lists.</summary>
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

    /// <summary>Clusters of an order in which a slot has become free.</summary>
    internal static int NonFull(int order) => 3 + order;

    /// <summary>Clusters of an order that have been searched.</summary>
    internal static int Fragmented(int order) => 3 + SwapLimits.Orders + order;

    /// <summary>The list on which a cluster with a flag is; -1 for none.</summary>
    internal static int Of(ClusterFlag flag, int order) => flag switch
    {
        ClusterFlag.Free => Free,
        ClusterFlag.Discard => Discard,
        ClusterFlag.Full => Full,
        ClusterFlag.NonFull => NonFull(order),
        ClusterFlag.Fragmented => Fragmented(order),
        _ => -1,
    };
}
