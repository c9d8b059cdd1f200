using System;

namespace FastKsm.Perf.Versus.Swap;

/// <summary>What a device's tables take, against what is promised. Counted, so one round is enough.</summary>
/// <param name="id">Name of the row.</param>
/// <param name="layout">The layout.</param>
/// <param name="slots">Size of the device.</param>
/// <param name="promised">The most that it may take, in bytes.</param>
/// <param name="bytes">What it takes: from the device's tables, bytes a slot.</param>
internal sealed class SwapBytesRow(string id, SwapLayoutKind layout, long slots, double promised, Func<SwapTables, double> bytes) : IVersusRow
{
    public string Id => id;

    public string Unit => "B/slot";

    public double Goal => 1;

    public bool IsCeiling => true;

    /// <summary>Committed at mounting.</summary>
    internal static double Reserved(SwapTables tables) => (double)tables.Measure().StaticReserved / (tables.Slots + 1);

    /// <summary>Resident after mounting.</summary>
    internal static double Resident(SwapTables tables) => (double)tables.Measure().Resident / (tables.Slots + 1);

    /// <summary>With one slot of each cluster in use, a slot in use: records and tables.</summary>
    internal static double OneEach(SwapTables tables)
    {
        const long Cluster = 512;
        const long Kept = 100;
        _ = tables.SwapOut(tables.Slots);
        for (long first = 0; first <= tables.Slots; first += Cluster)
        {
            tables.Free(long.Max(1, first), first + Kept - long.Max(1, first));
            tables.Free(first + Kept + 1, Cluster - Kept - 1);
        }

        return (double)tables.Measure().Resident / tables.UsedSlots;
    }

    public VersusMeasurement Measure(int rounds)
    {
        using SwapTables tables = new(layout, slots);
        return VersusMeasurement.Of([VersusRound.OfQuotient(bytes(tables), promised)]);
    }
}
