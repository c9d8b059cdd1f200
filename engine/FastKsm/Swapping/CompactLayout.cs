using System;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>
/// Our layout: 24 bytes a cluster, none touched before the cluster is used; 4-byte entries
/// (<see cref="CompactWord"/>), in one cache line
/// while few slots are in use; zero flags, large counts and a second group only where they occur.
/// </summary>
/// <remarks>
/// The array of records is committed whole, and its pages are the lazy directory: the host backs a page when its first
/// record is written.
/// Limits: 2^28 frames, 511 groups; a shadow keeps 18 bits of age and no node.
/// </remarks>
#pragma warning disable CA1001 // The analyzer does not see that a struct is IDisposable.
internal readonly unsafe struct CompactLayout : ISwapLayout<CompactLayout>
#pragma warning restore CA1001
{
    // Records of 128 clusters in a row lie together, those of neighbours some 17 records apart: CPUs consume neighbouring
    // clusters, and would take one another's cache line away with every lock.
    private const uint Block = 128;

    private readonly NativeColumn<CompactCluster> _clusters;
    private readonly NativeColumn<ClusterLinks> _linkColumn;
    private readonly CompactCluster* _records;
    private readonly ClusterLinks* _links;
    private readonly CompactTables _tables;
    private readonly CompactExtras _extras;
    private readonly GroupScope _scope;
    private readonly uint _firstFrame;

    private CompactLayout(in LayoutSettings settings, AllocationFaults faults)
    {
        uint clusters = settings.Clusters;
        _scope = settings.Scope;
        _firstFrame = settings.FirstFrame;
        try
        {
            uint records = (clusters + Block - 1) / Block * Block;
            _clusters = LayoutMemory.MakeColumn<CompactCluster>(records, prefault: false, faults);
            _linkColumn = LayoutMemory.MakeColumn<ClusterLinks>(records, prefault: false, faults);
            _records = _clusters.Values;
            _links = _linkColumn.Values;
            _tables = new CompactTables(clusters, faults);
            _extras = new CompactExtras(clusters, faults);
        }
        catch (OutOfNativeMemoryException)
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public static string Name => "compact";

    /// <inheritdoc/>
    public static int InlineLimit => CompactWord.InlineLimit;

    /// <inheritdoc/>
    public static int RecordBytes => sizeof(CompactCluster) + sizeof(ClusterLinks);

    /// <inheritdoc/>
    public static int TableBytes => SwapLimits.ClusterSlots * sizeof(uint);

    /// <inheritdoc/>
    public static bool IsLazy => true;

    /// <inheritdoc/>
    public static long Frames => CompactWord.Frames;

    /// <inheritdoc/>
    public static int Groups => CompactWord.Groups;

    /// <inheritdoc/>
    public static int AgeBits => CompactWord.AgeBits;

    /// <inheritdoc/>
    public static CompactLayout Make(in LayoutSettings settings, AllocationFaults faults) => new(settings, faults);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ClusterHead Head(uint cluster) => ref At(cluster).Head;

    /// <inheritdoc/>
    public ref ClusterLinks Links(uint cluster) => ref _links[Place(cluster)];

    /// <inheritdoc/>
    public bool HasTable(uint cluster) => At(cluster).Table != 0;

    /// <inheritdoc/>
    public bool TryOpen(uint cluster)
    {
        bool done = _tables.TryMakeSparse(out uint table);
        if (done)
        {
            Volatile.Write(ref At(cluster).Table, table);
        }

        return done;
    }

    /// <inheritdoc/>
    public void Close(uint cluster)
    {
        ref CompactCluster record = ref At(cluster);
        _extras.Close(ref record.Extras);
        record.Group = 0;
        uint table = record.Table;
        Volatile.Write(ref record.Table, 0);
        _tables.Drop(table);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReserve(uint cluster, int used)
    {
        ref uint table = ref At(cluster).Table;
        return !CompactTables.IsSparse(table) || used <= SparseTable.Capacity || _tables.TrySpread(ref table);
    }

    /// <inheritdoc/>
    public void Shrink(uint cluster, int used)
    {
        // A cluster that an allocator was at last will soon have more slots in use again.
        if (used <= CompactTables.Few && Head(cluster).Flag != ClusterFlag.Fragmented)
        {
            _tables.Shrink(ref At(cluster).Table);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SlotState Read(uint cluster, int position)
    {
        ref CompactCluster record = ref At(cluster);
        uint word = _tables.Read(record.Table, position);
        bool isZero = record.Extras != 0 && _extras.IsZero(record.Extras, position);
        return CompactWord.Decode(word, isZero, _firstFrame);
    }

    /// <inheritdoc/>
    public SlotState ReadShared(uint cluster, int position)
    {
        uint table = Volatile.Read(ref At(cluster).Table);
        if (table != 0 && !CompactTables.IsSparse(table))
        {
            uint word = _tables.Read(table, position);

            // Still the cluster's table, so the word was the slot's: what stood there since may be another state, not
            // another slot.
            if (Volatile.Read(ref At(cluster).Table) == table)
            {
                return CompactWord.Decode(word, false, _firstFrame);
            }
        }
        else if (table == 0)
        {
            return default;
        }

        Head(cluster).Enter();
        SlotState state = HasTable(cluster) ? Read(cluster, position) : default;
        Head(cluster).Exit();
        return state;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(uint cluster, int position, in SlotState state)
    {
        ref CompactCluster record = ref At(cluster);
        _tables.Write(record.Table, position, CompactWord.Encode(state, _firstFrame));
        if (record.Extras != 0)
        {
            _extras.SetZero(record.Extras, position, state.IsZero);
        }
    }

    /// <inheritdoc/>
    public bool IsFree(uint cluster, int position, int count)
    {
        uint table = At(cluster).Table;
        return CompactTables.IsSparse(table)
            ? _tables.NextUsedInSparse(table, position) >= position + count
            : !_tables.Full(table).Slice(position, count).ContainsAnyExcept(0u);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int NextFree(uint cluster, int position)
    {
        uint table = At(cluster).Table;
        return CompactTables.IsSparse(table)
            ? _tables.NextFreeInSparse(table, position)
            : LayoutMemory.Next<uint>(_tables.Full(table), position);
    }

    /// <inheritdoc/>
    public void FillCached(uint cluster, int position, int count, Pfn head)
    {
        uint table = At(cluster).Table;
        uint word = CompactWord.Cached(head.Number, _firstFrame);
        for (int i = 0; i < count; i++)
        {
            _tables.Write(table, position + i, word);
        }
    }

    /// <inheritdoc/>
    public void FillCached(uint cluster, int position, ReadOnlySpan<Pfn> heads)
    {
        uint table = At(cluster).Table;
        if (CompactTables.IsSparse(table))
        {
            for (int i = 0; i < heads.Length; i++)
            {
                _tables.Write(table, position + i, CompactWord.Cached(heads[i].Number, _firstFrame));
            }

            return;
        }

        uint* words = _tables.Words(table) + position;
        uint firstFrame = _firstFrame;
        for (int i = CompactWord.CacheInVectors(words, heads, firstFrame); i < heads.Length; i++)
        {
            Volatile.Write(ref words[i], CompactWord.Cached(heads[i].Number, firstFrame));
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CountFree(uint cluster, int position, int most)
    {
        uint table = At(cluster).Table;
        return CompactTables.IsSparse(table)
            ? int.Min(most, _tables.NextUsedInSparse(table, position) - position)
            : LayoutMemory.CountDefault<uint>(_tables.Full(table)[position..], most);
    }

    /// <inheritdoc/>
    public int RaiseInline(uint cluster, int position, int count, bool isCached)
    {
        uint table = At(cluster).Table;
        int done = 0;
        if (!CompactTables.IsSparse(table))
        {
            uint* words = _tables.Words(table) + position;
            done = CompactWord.RaiseInVectors(words, count, isCached);
            while (done < count && CompactWord.CanRaise(words[done], isCached))
            {
                Volatile.Write(ref words[done], words[done] + CompactWord.CountOne);
                done++;
            }
        }

        return done;
    }

    /// <inheritdoc/>
    public bool AreNamedOnce(uint cluster, int position, int count)
    {
        uint table = At(cluster).Table;
        return !CompactTables.IsSparse(table) && CompactWord.AreNamedOnce(_tables.Full(table).Slice(position, count));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnterAndEvict(uint cluster, int position, SwapShadow shadow)
    {
        // Where the word is gets found before the lock, whose taking holds up all that comes after it.
        ref CompactCluster record = ref At(cluster);
        uint table = record.Table;
        uint* word = _tables.Words(table) + position;
        if (CompactTables.IsSparse(table) || !record.Head.TryEnter())
        {
            return false;
        }

        if (record.Table != table || !CompactWord.IsNamed(*word))
        {
            record.Head.Exit();
            return false;
        }

        Volatile.Write(ref *word, CompactWord.Evicted(*word, shadow));
        return true;
    }

    /// <inheritdoc/>
    public bool TryEvict(uint cluster, int position, SwapShadow shadow)
    {
        uint table = At(cluster).Table;
        uint word = _tables.Read(table, position);
        bool isNamed = CompactWord.IsNamed(word);
        if (isNamed)
        {
            _tables.Write(table, position, CompactWord.Evicted(word, shadow));
        }

        return isNamed;
    }

    /// <inheritdoc/>
    public void Clear(uint cluster, int position, int count)
    {
        ref CompactCluster record = ref At(cluster);
        if (record.Extras != 0)
        {
            ClearGroup(cluster, position, count);
            _extras.ClearZeroes(record.Extras, position, count);
        }

        if (!CompactTables.IsSparse(record.Table))
        {
            _tables.Full(record.Table).Slice(position, count).Clear();
            return;
        }

        for (int i = 0; i < count; i++)
        {
            _tables.Write(record.Table, position + i, 0);
        }
    }

    /// <inheritdoc/>
    public bool TryPrepareZero(uint cluster) => _extras.TryMakeZeroes(ref At(cluster).Extras);

    /// <inheritdoc/>
    public bool HasOverflow(uint cluster) => _extras.HasOverflow(At(cluster).Extras);

    /// <inheritdoc/>
    public bool TryOpenOverflow(uint cluster) => _extras.TryMakeOverflow(ref At(cluster).Extras);

    /// <inheritdoc/>
    public ref uint Overflow(uint cluster, int position) => ref _extras.Overflow(At(cluster).Extras, position);

    /// <inheritdoc/>
    public void DropEmptyOverflow(uint cluster) => _extras.DropEmptyOverflow(ref At(cluster).Extras);

    /// <inheritdoc/>
    public ushort Group(uint cluster, int position)
    {
        ref CompactCluster record = ref At(cluster);
        if (HasGroupTable(cluster))
        {
            return _extras.Groups(record.Extras)[position];
        }

        return record.Group > 1 && Bears(Read(cluster, position).Kind) ? (ushort)(record.Group - 1) : (ushort)0;
    }

    /// <inheritdoc/>
    public bool TryPrepareGroup(uint cluster, ushort group)
    {
        ref CompactCluster record = ref At(cluster);
        if (_scope == GroupScope.None || HasGroupTable(cluster) || record.Group == 0 || record.Group == group + 1u)
        {
            return true;
        }

        if (!_extras.TryMakeGroups(ref record.Extras))
        {
            return false;
        }

        Span<ushort> groups = _extras.Groups(record.Extras);
        for (int i = 0; i < groups.Length; i++)
        {
            groups[i] = Bears(Read(cluster, i).Kind) ? (ushort)(record.Group - 1) : (ushort)0;
        }

        return true;
    }

    /// <inheritdoc/>
    public void SetGroup(uint cluster, int position, int count, ushort group)
    {
        ref CompactCluster record = ref At(cluster);
        if (_scope == GroupScope.None)
        {
            return;
        }

        if (HasGroupTable(cluster))
        {
            _extras.Groups(record.Extras).Slice(position, count).Fill(group);
        }
        else
        {
            record.Group = group + 1u;
        }
    }

    /// <inheritdoc/>
    public void ClearGroup(uint cluster, int position, int count)
    {
        if (HasGroupTable(cluster))
        {
            _extras.Groups(At(cluster).Extras).Slice(position, count).Clear();
        }
    }

    /// <inheritdoc/>
    public bool HasGroupTable(uint cluster) => _extras.HasGroups(At(cluster).Extras);

    /// <inheritdoc/>
    public SwapFootprint Measure() => new(
        _clusters.CommittedBytes + _linkColumn.CommittedBytes,
        _clusters.ResidentBytes() + _linkColumn.ResidentBytes(),
        _tables.UsedBytes + _extras.UsedBytes,
        _tables.ResidentBytes() + _extras.ResidentBytes());

    /// <inheritdoc/>
    public void Dispose()
    {
        _extras.Dispose();
        _tables.Dispose();
        _linkColumn?.Dispose();
        _clusters?.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Place(uint cluster) => cluster ^ ((cluster & 7) << 4);

    // As by Place, in bytes: written so that the processor can do both halves at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref CompactCluster At(uint cluster)
    {
        nuint wide = cluster;
        nuint bytes = (wide * (nuint)sizeof(CompactCluster)) ^ ((wide & 7) * (16 * (nuint)sizeof(CompactCluster)));
        return ref *(CompactCluster*)((byte*)_records + bytes);
    }

    private bool Bears(SlotKind kind) =>
        kind == SlotKind.Shadow || (kind == SlotKind.Cached && _scope == GroupScope.V2);
}
