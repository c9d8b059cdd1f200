using System;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>The compact layout's tables of words: a full one of 2 KiB, or one of 64 bytes where few slots are in
/// use.</summary>
/// <remarks>
/// A table goes by a handle: 0 none, the id of a full one, or with the top bit set that of a sparse one. A cluster
/// becomes full-tabled when
/// an allocation asks for more than a sparse table holds, and sparse when a release leaves few.
/// Thread safety: of a table, its cluster's lock; a full table may be read without.
/// </remarks>
#pragma warning disable CA1001 // The analyzer does not see that a struct is IDisposable.
internal readonly unsafe struct CompactTables : IDisposable
#pragma warning restore CA1001
{
    /// <summary>A cluster with as many slots in use, or fewer, takes the sparse form.</summary>
    internal const int Few = 4;

    private const uint SparseBit = 1u << 31;
    private const int FullBytes = SwapLimits.ClusterSlots * sizeof(uint);

    private readonly CellPool _full;
    private readonly NativeSlab<SparseTable> _sparse;
    private readonly byte* _cells;

    /// <param name="clusters">Clusters of the device.</param>
    /// <param name="faults">Asked whenever a table is made.</param>
    internal CompactTables(uint clusters, AllocationFaults faults)
    {
        _full = new CellPool(clusters, FullBytes, faults);
        try
        {
            _sparse = new NativeSlab<SparseTable>(clusters, faults);
            _cells = _full.Cells;
        }
        catch (OutOfNativeMemoryException)
        {
            _full.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of the tables in use.</summary>
    internal long UsedBytes => _full.UsedBytes + _sparse.UsedBytes;

    /// <summary>Bytes that the host backs with memory.</summary>
    internal long ResidentBytes() => _full.ResidentBytes() + _sparse.ResidentBytes();

    /// <summary>Whether a table is a sparse one.</summary>
    internal static bool IsSparse(uint table) => (table & SparseBit) != 0;

    /// <summary>Makes a sparse table without words.</summary>
    internal bool TryMakeSparse(out uint table)
    {
        bool done = _sparse.TryTake(out table);
        table |= done ? SparseBit : 0;
        return done;
    }

    /// <summary>Makes a full table of a sparse one.</summary>
    /// <returns>False when the host has no memory; nothing has changed.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool TrySpread(ref uint table)
    {
        if (!_full.TryTake(out uint full))
        {
            return false;
        }

        uint sparse = table & ~SparseBit;
        ref SparseTable words = ref _sparse[sparse];
        for (int i = 0; i < words.Count; i++)
        {
            (int position, uint word) = words.At(i);
            Full(full)[position] = word;
        }

        Volatile.Write(ref table, full);
        _sparse.Return(sparse);
        return true;
    }

    /// <summary>Takes the sparse form, if the host has memory for it.</summary>
    internal void Shrink(ref uint table)
    {
        if (IsSparse(table) || !_sparse.TryTake(out uint sparse))
        {
            return;
        }

        uint full = table;
        Span<uint> words = Full(full);
        ref SparseTable few = ref _sparse[sparse];
        for (int at = words.IndexOfAnyExcept(0u); at >= 0;)
        {
            few.Write(at, words[at]);
            int next = words[(at + 1)..].IndexOfAnyExcept(0u);
            at = next < 0 ? -1 : at + 1 + next;
        }

        // Readers without the lock must not take the cleared table for an answer, so the handle changes first.
        Volatile.Write(ref table, sparse | SparseBit);
        words.Clear();
        _full.Return(full);
    }

    /// <summary>Gives a table without words back.</summary>
    internal void Drop(uint table)
    {
        if (IsSparse(table))
        {
            _sparse.Return(table & ~SparseBit);
        }
        else
        {
            _full.Return(table);
        }
    }

    /// <summary>A slot's word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Read(uint table, int position) => IsSparse(table)
        ? ReadSparse(table, position)
        : Volatile.Read(ref Words(table)[position]);

    /// <summary>Sets a slot's word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Write(uint table, int position, uint word)
    {
        if (IsSparse(table))
        {
            WriteSparse(table, position, word);
        }
        else
        {
            Volatile.Write(ref Words(table)[position], word);
        }
    }

    /// <summary>The first free slot of a sparse table from a place on; <see cref="SwapLimits.ClusterSlots"/> if there is
    /// none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal int NextFreeInSparse(uint table, int position)
    {
        ref SparseTable words = ref _sparse[table & ~SparseBit];
        while (position < SwapLimits.ClusterSlots && words.Read(position) != 0)
        {
            position++;
        }

        return position;
    }

    /// <summary>The first slot in use of a sparse table from a place on; <see cref="SwapLimits.ClusterSlots"/> if there is
    /// none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal int NextUsedInSparse(uint table, int position) => _sparse[table & ~SparseBit].NextUsed(position);

    /// <summary>The words of a full table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Span<uint> Full(uint table) => new(Words(table), SwapLimits.ClusterSlots);

    /// <summary>The first word of a full table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint* Words(uint table) => (uint*)(_cells + ((nuint)table * FullBytes));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint ReadSparse(uint table, int position) => _sparse[table & ~SparseBit].Read(position);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteSparse(uint table, int position, uint word) => _sparse[table & ~SparseBit].Write(position, word);

    /// <inheritdoc/>
    public void Dispose()
    {
        _sparse?.Dispose();
        _full?.Dispose();
    }
}
