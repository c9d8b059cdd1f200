using System;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>What only some clusters of the compact layout have: zero flags, large counts, several groups.</summary>
/// <remarks>Goes by an id in the cluster's record, 0 for none. Thread safety: of one cluster's, the cluster's
/// lock.</remarks>
#pragma warning disable CA1001 // The analyzer does not see that a struct is IDisposable.
internal readonly unsafe struct CompactExtras : IDisposable
#pragma warning restore CA1001
{
    private const int ZeroBytes = SwapLimits.ClusterSlots / 8;

    private readonly NativeSlab<ClusterExtras> _records;
    private readonly CellPool _zeroes;
    private readonly OverflowTables _overflow;
    private readonly GroupTables _groups;

    /// <param name="clusters">Clusters of the device.</param>
    /// <param name="faults">Asked whenever something is made.</param>
    internal CompactExtras(uint clusters, AllocationFaults faults)
    {
        try
        {
            _records = new NativeSlab<ClusterExtras>(clusters, faults);
            _zeroes = new CellPool(clusters, ZeroBytes, faults);
            _overflow = new OverflowTables(clusters, faults);
            _groups = new GroupTables(clusters, faults);
        }
        catch (OutOfNativeMemoryException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes in use.</summary>
    internal long UsedBytes => _records.UsedBytes + _zeroes.UsedBytes + _overflow.UsedBytes + _groups.UsedBytes;

    /// <summary>Bytes that the host backs with memory.</summary>
    internal long ResidentBytes() =>
        _records.ResidentBytes() + _zeroes.ResidentBytes() + _overflow.ResidentBytes() + _groups.ResidentBytes();

    /// <summary>Whether a slot has a zero flag.</summary>
    internal bool IsZero(uint extras, int position) =>
        extras != 0
        && _records[extras].Zeroes is var zeroes and not 0
        && (_zeroes[zeroes][position / 8] & (1 << (position % 8))) != 0;

    /// <summary>Makes the zero flags, unless there are some.</summary>
    internal bool TryMakeZeroes(ref uint extras)
    {
        bool isNew = extras == 0;
        if (!TryMake(ref extras))
        {
            return false;
        }

        ref ClusterExtras record = ref _records[extras];
        bool done = record.Zeroes != 0 || _zeroes.TryTake(out record.Zeroes);
        DropIf(!done && isNew, ref extras);
        return done;
    }

    /// <summary>Sets or clears a zero flag; setting needs <see cref="TryMakeZeroes"/>.</summary>
    internal void SetZero(uint extras, int position, bool isZero)
    {
        if (extras != 0 && IsZero(extras, position) != isZero)
        {
            _zeroes[_records[extras].Zeroes][position / 8] ^= (byte)(1 << (position % 8));
        }
    }

    /// <summary>Clears zero flags.</summary>
    internal void ClearZeroes(uint extras, int position, int count)
    {
        if (extras != 0 && _records[extras].Zeroes != 0)
        {
            for (int i = 0; i < count; i++)
            {
                SetZero(extras, position + i, false);
            }
        }
    }

    /// <summary>Whether there is an overflow table.</summary>
    internal bool HasOverflow(uint extras) => extras != 0 && _records[extras].Overflow != 0;

    /// <summary>Makes the overflow table, unless there is one.</summary>
    internal bool TryMakeOverflow(ref uint extras)
    {
        bool isNew = extras == 0;
        if (!TryMake(ref extras))
        {
            return false;
        }

        bool done = _overflow.TryMake(ref _records[extras].Overflow);
        DropIf(!done && isNew, ref extras);
        return done;
    }

    /// <summary>A word of the overflow table.</summary>
    internal ref uint Overflow(uint extras, int position) => ref _overflow.At(_records[extras].Overflow, position);

    /// <summary>Takes the overflow table away if it has no counts.</summary>
    internal void DropEmptyOverflow(ref uint extras)
    {
        if (extras != 0)
        {
            ref ClusterExtras record = ref _records[extras];
            _overflow.DropEmpty(ref record.Overflow);
            DropIf(record is { Overflow: 0, Zeroes: 0, Groups: 0 }, ref extras);
        }
    }

    /// <summary>Whether there is a table of groups.</summary>
    internal bool HasGroups(uint extras) => extras != 0 && _records[extras].Groups != 0;

    /// <summary>Makes a table of groups.</summary>
    internal bool TryMakeGroups(ref uint extras)
    {
        bool isNew = extras == 0;
        if (!TryMake(ref extras))
        {
            return false;
        }

        bool done = _groups.TryMake(out _records[extras].Groups);
        DropIf(!done && isNew, ref extras);
        return done;
    }

    /// <summary>The ids of groups.</summary>
    internal Span<ushort> Groups(uint extras) => _groups.Of(_records[extras].Groups);

    /// <summary>Gives everything back, when no slot of the cluster is in use.</summary>
    internal void Close(ref uint extras)
    {
        if (extras != 0)
        {
            ref ClusterExtras record = ref _records[extras];
            _overflow.DropEmpty(ref record.Overflow);
            _groups.Drop(ref record.Groups);
            if (record.Zeroes != 0)
            {
                _zeroes.Return(record.Zeroes);
            }

            DropIf(true, ref extras);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _groups.Dispose();
        _overflow.Dispose();
        _zeroes?.Dispose();
        _records?.Dispose();
    }

    private bool TryMake(ref uint extras) => extras != 0 || _records.TryTake(out extras);

    private void DropIf(bool condition, ref uint extras)
    {
        if (condition)
        {
            _records.Return(extras);
            extras = 0;
        }
    }
}
