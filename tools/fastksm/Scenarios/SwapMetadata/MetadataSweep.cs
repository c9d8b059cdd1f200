using System.Collections.Generic;
using System.Globalization;

namespace FastKsm.Cli.Scenarios.SwapMetadata;

/// <summary>Mounts a device of each layout, fills it step by step, and leaves one slot of each cluster in the
/// end.</summary>
internal static class MetadataSweep
{
    /// <summary>Slots of a cluster.</summary>
    internal const int ClusterSlots = 512;

    // Of a cluster's slots, the one that stays.
    private const int Survivor = 100;

    private static readonly double[] s_steps = [0, 0.01, 0.1, 0.5, 1];

    /// <summary>The points of one layout.</summary>
    internal static IEnumerable<MetadataPoint> Of(SwapLayoutKind layout, long slots)
    {
        using SwapTables tables = new(layout, slots, prefault: layout != SwapLayoutKind.Compact);
        foreach (double share in s_steps)
        {
            long wanted = (long)(tables.Slots * share);
            _ = tables.SwapOut(wanted - tables.UsedSlots);
            string state = string.Create(CultureInfo.InvariantCulture, $"{share * 100:0} %");
            yield return new(layout, state, share, tables.UsedSlots, tables.Measure(), Published(layout, share));
        }

        for (long cluster = 0; cluster < slots; cluster += ClusterSlots)
        {
            long end = long.Min(cluster + ClusterSlots, slots);
            long first = long.Max(1, cluster);
            long survivor = long.Min(cluster + Survivor, end - 1);
            tables.Free(first, survivor - first);
            tables.Free(survivor + 1, end - survivor - 1);
        }

        // Every cluster keeps its tables then: the kernel's cost is that of a full device.
        yield return new(
            layout, "1 a cluster", (double)tables.UsedSlots / tables.Slots, tables.UsedSlots, tables.Measure(), Published(layout, 1));
    }

    // Phase I: 3.1875 and 8 a slot of clusters in use. Phase IV: 0.09375, 8, and 2 for the group.
    private static double? Published(SwapLayoutKind layout, double share) => layout switch
    {
        SwapLayoutKind.Legacy => 3.1875 + (8 * share),
        SwapLayoutKind.Faithful => 0.09375 + (10 * share),
        _ => null,
    };
}
