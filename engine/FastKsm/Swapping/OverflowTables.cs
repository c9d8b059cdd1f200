using System;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>Tables of counts that an entry has no room for: 512 words of 32 bits a cluster, made when the first one
/// comes.</summary>
#pragma warning disable CA1001 // The analyzer does not see that a struct is IDisposable.
internal readonly unsafe struct OverflowTables : IDisposable
#pragma warning restore CA1001
{
    private const int Bytes = SwapLimits.ClusterSlots * sizeof(uint);

    private readonly CellPool _cells;

    /// <param name="clusters">Clusters of the device.</param>
    /// <param name="faults">Asked whenever a table is made.</param>
    internal OverflowTables(uint clusters, AllocationFaults faults) => _cells = new CellPool(clusters, Bytes, faults);

    /// <summary>Bytes of the tables in use.</summary>
    internal long UsedBytes => _cells.UsedBytes;

    /// <summary>Bytes that the host backs with memory.</summary>
    internal long ResidentBytes() => _cells.ResidentBytes();

    /// <summary>Makes a table, unless there is one.</summary>
    /// <returns>False when the host has no memory.</returns>
    internal bool TryMake(ref uint table) => table != 0 || _cells.TryTake(out table);

    /// <summary>A word of a table.</summary>
    internal ref uint At(uint table, int position) => ref ((uint*)_cells[table])[position];

    /// <summary>Drops a table without counts.</summary>
    internal void DropEmpty(ref uint table)
    {
        if (table != 0 && !new ReadOnlySpan<uint>(_cells[table], SwapLimits.ClusterSlots).ContainsAnyExcept(0u))
        {
            _cells.Return(table);
            table = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _cells?.Dispose();
}
