using System;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>Linux's layout of phase IV (2026): 48 bytes a cluster, and 4 KiB of 8-byte entries for each cluster in
/// use.</summary>
/// <remarks>
/// Entry: 0 free; <c>[63..60] count  [59] zero  [58..1] shadow  [0] 1</c>;
/// <c>[63..60] count  [59] zero  [41..2] frame  [1..0] 10</c>; all ones but the low three bits: bad.
/// </remarks>
#pragma warning disable CA1001 // The analyzer does not see that a struct is IDisposable.
internal readonly unsafe struct FaithfulLayout : ISwapLayout<FaithfulLayout>
#pragma warning restore CA1001
{
    private const ulong BadWord = ~7UL;
    private const ulong ZeroBit = 1UL << 59;
    private const ulong ShadowMask = (1UL << 58) - 1;
    private const ulong FrameMask = (1UL << 40) - 1;
    private const ulong CachedTag = 2;
    private const int CountShift = 60;
    private const ulong CountOne = 1UL << CountShift;
    private const ulong FlagsMask = (15UL << CountShift) | ZeroBit;
    private const int MostCount = 14;

    private readonly NativeColumn<FaithfulCluster> _clusters;
    private readonly CellPool _tables;
    private readonly OverflowTables _overflow;
    private readonly GroupTables _groups;
    private readonly bool _hasGroups;
    private readonly FaithfulCluster* _records;
    private readonly byte* _words;

    private FaithfulLayout(in LayoutSettings settings, AllocationFaults faults)
    {
        uint clusters = settings.Clusters;
        _hasGroups = settings.Scope != GroupScope.None;
        try
        {
            _clusters = LayoutMemory.MakeColumn<FaithfulCluster>(clusters, settings.Prefault, faults);
            _tables = new CellPool(clusters, TableBytes, faults);
            _overflow = new OverflowTables(clusters, faults);
            _groups = new GroupTables(clusters, faults);
            _records = _clusters.Values;
            _words = _tables.Cells;
        }
        catch (OutOfNativeMemoryException)
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public static string Name => "faithful";

    /// <inheritdoc/>
    public static int InlineLimit => MostCount;

    /// <inheritdoc/>
    public static int RecordBytes => sizeof(FaithfulCluster);

    /// <inheritdoc/>
    public static int TableBytes => SwapLimits.ClusterSlots * sizeof(ulong);

    /// <inheritdoc/>
    public static bool IsLazy => false;

    /// <inheritdoc/>
    public static long Frames => 1L << 40;

    /// <inheritdoc/>
    public static int Groups => SwapLimits.MaxGroups;

    /// <inheritdoc/>
    public static int AgeBits => 31;

    /// <inheritdoc/>
    public static FaithfulLayout Make(in LayoutSettings settings, AllocationFaults faults) => new(settings, faults);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ClusterHead Head(uint cluster) => ref At(cluster).Head;

    /// <inheritdoc/>
    public ref ClusterLinks Links(uint cluster) => ref At(cluster).Links;

    /// <inheritdoc/>
    public bool HasTable(uint cluster) => At(cluster).Table.Id != 0;

    /// <inheritdoc/>
    public bool TryOpen(uint cluster)
    {
        if (!_tables.TryTake(out uint table))
        {
            return false;
        }

        if (_hasGroups && !_groups.TryMake(out At(cluster).Groups.Id))
        {
            _tables.Return(table);
            return false;
        }

        // After the table's zeroes: a reader without the lock who sees the table sees them.
        Volatile.Write(ref At(cluster).Table.Id, table);
        return true;
    }

    /// <inheritdoc/>
    public void Close(uint cluster)
    {
        ref FaithfulCluster record = ref At(cluster);
        _overflow.DropEmpty(ref record.Overflow.Id);
        _groups.Drop(ref record.Groups.Id);
        _tables.Return(record.Table.Id);
        Volatile.Write(ref record.Table.Id, 0);
    }

    /// <inheritdoc/>
    public bool TryReserve(uint cluster, int used) => true;

    /// <inheritdoc/>
    public void Shrink(uint cluster, int used)
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SlotState Read(uint cluster, int position) => Decode(Entries(cluster)[position]);

    /// <inheritdoc/>
    public SlotState ReadShared(uint cluster, int position)
    {
        uint table = Volatile.Read(ref At(cluster).Table.Id);
        return table == 0 ? default : Decode(Volatile.Read(ref Table(table)[position]));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(uint cluster, int position, in SlotState state) =>
        Volatile.Write(ref Entries(cluster)[position], Encode(state));

    /// <inheritdoc/>
    public bool IsFree(uint cluster, int position, int count) =>
        !new ReadOnlySpan<ulong>(Entries(cluster) + position, count).ContainsAnyExcept(0UL);

    /// <inheritdoc/>
    public int NextFree(uint cluster, int position) =>
        LayoutMemory.Next(new ReadOnlySpan<ulong>(Entries(cluster), SwapLimits.ClusterSlots), position);

    /// <inheritdoc/>
    public void FillCached(uint cluster, int position, int count, Pfn head)
    {
        ulong* entries = Entries(cluster) + position;
        for (int i = 0; i < count; i++)
        {
            Volatile.Write(ref entries[i], ((ulong)head.Number << 2) | CachedTag);
        }
    }

    /// <inheritdoc/>
    public void FillCached(uint cluster, int position, ReadOnlySpan<Pfn> heads)
    {
        ulong* entries = Entries(cluster) + position;
        for (int i = 0; i < heads.Length; i++)
        {
            Volatile.Write(ref entries[i], ((ulong)heads[i].Number << 2) | CachedTag);
        }
    }

    /// <inheritdoc/>
    public int CountFree(uint cluster, int position, int most) =>
        LayoutMemory.CountDefault(
            new ReadOnlySpan<ulong>(Entries(cluster) + position, SwapLimits.ClusterSlots - position), most);

    /// <inheritdoc/>
    public int RaiseInline(uint cluster, int position, int count, bool isCached)
    {
        ulong* entries = Entries(cluster) + position;

        // In vectors where it is simplest: cached, and counts below 8.
        int done = isCached
            ? LayoutMemory.AddInVectors(entries, count, (8UL << CountShift) | 3, CachedTag, CountOne)
            : 0;
        while (done < count && CanRaise(entries[done], isCached))
        {
            Volatile.Write(ref entries[done], entries[done] + CountOne);
            done++;
        }

        return done;
    }

    /// <inheritdoc/>
    public bool AreNamedOnce(uint cluster, int position, int count)
    {
        ulong* entries = Entries(cluster) + position;
        int done = 0;
        while (done < count && (entries[done] & ((15UL << CountShift) | 1)) == (CountOne | 1))
        {
            done++;
        }

        return done == count;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnterAndEvict(uint cluster, int position, SwapShadow shadow)
    {
        // A cluster with a cached slot keeps its table, so where the entry is gets found before the lock, whose taking
        // holds up all that comes after it.
        ref FaithfulCluster record = ref At(cluster);
        ulong* entry = Table(record.Table.Id) + position;
        if (!record.Head.TryEnter())
        {
            return false;
        }

        bool done = TryEvict(entry, shadow);
        if (!done)
        {
            record.Head.Exit();
        }

        return done;
    }

    /// <inheritdoc/>
    public bool TryEvict(uint cluster, int position, SwapShadow shadow) => TryEvict(Entries(cluster) + position, shadow);

    /// <inheritdoc/>
    public void Clear(uint cluster, int position, int count)
    {
        ClearGroup(cluster, position, count);
        new Span<ulong>(Entries(cluster) + position, count).Clear();
    }

    /// <inheritdoc/>
    public bool TryPrepareZero(uint cluster) => true;

    /// <inheritdoc/>
    public bool HasOverflow(uint cluster) => At(cluster).Overflow.Id != 0;

    /// <inheritdoc/>
    public bool TryOpenOverflow(uint cluster) => _overflow.TryMake(ref At(cluster).Overflow.Id);

    /// <inheritdoc/>
    public ref uint Overflow(uint cluster, int position) => ref _overflow.At(At(cluster).Overflow.Id, position);

    /// <inheritdoc/>
    public void DropEmptyOverflow(uint cluster) => _overflow.DropEmpty(ref At(cluster).Overflow.Id);

    /// <inheritdoc/>
    public ushort Group(uint cluster, int position) =>
        _hasGroups ? _groups.Of(At(cluster).Groups.Id)[position] : (ushort)0;

    /// <inheritdoc/>
    public bool TryPrepareGroup(uint cluster, ushort group) => true;

    /// <inheritdoc/>
    public void SetGroup(uint cluster, int position, int count, ushort group)
    {
        if (_hasGroups)
        {
            _groups.Of(At(cluster).Groups.Id).Slice(position, count).Fill(group);
        }
    }

    /// <inheritdoc/>
    public void ClearGroup(uint cluster, int position, int count) => SetGroup(cluster, position, count, 0);

    /// <inheritdoc/>
    public bool HasGroupTable(uint cluster) => At(cluster).Groups.Id != 0;

    /// <inheritdoc/>
    public SwapFootprint Measure() => new(
        _clusters.CommittedBytes,
        _clusters.ResidentBytes(),
        _tables.UsedBytes + _overflow.UsedBytes + _groups.UsedBytes,
        _tables.ResidentBytes() + _overflow.ResidentBytes() + _groups.ResidentBytes());

    /// <inheritdoc/>
    public void Dispose()
    {
        _groups.Dispose();
        _overflow.Dispose();
        _tables?.Dispose();
        _clusters?.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryEvict(ulong* entry, SwapShadow shadow)
    {
        ulong flags = *entry & FlagsMask;
        bool isNamed = flags >= CountOne;
        if (isNamed)
        {
            Volatile.Write(ref *entry, flags | ((shadow.Value & ShadowMask) << 1) | 1);
        }

        return isNamed;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static SlotState Decode(ulong word) => (word & 3) switch
    {
        0 => word == 0 ? default : SlotState.Bad,
        CachedTag => new(SlotKind.Cached, (byte)(word >> CountShift), (word & ZeroBit) != 0, (word >> 2) & FrameMask),
        _ => new(SlotKind.Shadow, (byte)(word >> CountShift), (word & ZeroBit) != 0, (word >> 1) & ShadowMask),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Encode(in SlotState state)
    {
        ulong flags = ((ulong)state.Count << CountShift) | (state.IsZero ? ZeroBit : 0);
        return state.Kind switch
        {
            SlotKind.Cached => flags | (state.Payload << 2) | CachedTag,
            SlotKind.Shadow => flags | ((state.Payload & ShadowMask) << 1) | 1,
            SlotKind.Bad => BadWord,
            _ => 0,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref FaithfulCluster At(uint cluster) => ref _records[cluster];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong* Entries(uint cluster) => Table(At(cluster).Table.Id);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong* Table(uint id) => (ulong*)(_words + ((nuint)id * (nuint)TableBytes));

    // Cached with any count, or else with a count; and below the largest that an entry holds by itself.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool CanRaise(ulong entry, bool isCached) => isCached
        ? (entry & 3) == CachedTag && entry >> CountShift < MostCount
        : (entry >> CountShift) - 1 < MostCount - 1 && (entry & 3) != 0;
}
