using System;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>Tables of the groups that slots are charged to: 512 ids of 16 bits a cluster.</summary>
#pragma warning disable CA1001 // The analyzer does not see that a struct is IDisposable.
internal readonly unsafe struct GroupTables : IDisposable
#pragma warning restore CA1001
{
    private const int Bytes = SwapLimits.ClusterSlots * sizeof(ushort);

    private readonly CellPool _cells;

    /// <param name="clusters">Clusters of the device.</param>
    /// <param name="faults">Asked whenever a table is made.</param>
    internal GroupTables(uint clusters, AllocationFaults faults) => _cells = new CellPool(clusters, Bytes, faults);

    /// <summary>Bytes of the tables in use.</summary>
    internal long UsedBytes => _cells.UsedBytes;

    /// <summary>Bytes that the host backs with memory.</summary>
    internal long ResidentBytes() => _cells.ResidentBytes();

    /// <summary>Makes a table.</summary>
    /// <returns>False when the host has no memory.</returns>
    internal bool TryMake(out uint table) => _cells.TryTake(out table);

    /// <summary>The ids of a table.</summary>
    internal Span<ushort> Of(uint table) => new(_cells[table], SwapLimits.ClusterSlots);

    /// <summary>Drops a table.</summary>
    internal void Drop(ref uint table)
    {
        if (table != 0)
        {
            Of(table).Clear();
            _cells.Return(table);
            table = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _cells?.Dispose();
}
