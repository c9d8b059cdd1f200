using System;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;

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

    private readonly NativeColumn<FaithfulCluster> _clusters;
    private readonly CellPool _tables;
    private readonly OverflowTables _overflow;
    private readonly GroupTables _groups;
    private readonly bool _hasGroups;

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
    public static int InlineLimit => 14;

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
    public void Lock(uint cluster) => SpinLatch.Enter(ref _clusters[cluster].Lock);

    /// <inheritdoc/>
    public bool TryLock(uint cluster) => Interlocked.CompareExchange(ref _clusters[cluster].Lock, 1, 0) == 0;

    /// <inheritdoc/>
    public void Unlock(uint cluster) => SpinLatch.Exit(ref _clusters[cluster].Lock);

    /// <inheritdoc/>
    public int Used(uint cluster) => _clusters[cluster].Used;

    /// <inheritdoc/>
    public void SetUsed(uint cluster, int used) => _clusters[cluster].Used = (ushort)used;

    /// <inheritdoc/>
    public ClusterFlag Flag(uint cluster) => _clusters[cluster].Flag;

    /// <inheritdoc/>
    public void SetFlag(uint cluster, ClusterFlag flag) => _clusters[cluster].Flag = flag;

    /// <inheritdoc/>
    public int Order(uint cluster) => _clusters[cluster].Order;

    /// <inheritdoc/>
    public void SetOrder(uint cluster, int order) => _clusters[cluster].Order = (byte)order;

    /// <inheritdoc/>
    public ref uint Previous(uint cluster) => ref _clusters[cluster].Previous.Id;

    /// <inheritdoc/>
    public ref uint Next(uint cluster) => ref _clusters[cluster].Next.Id;

    /// <inheritdoc/>
    public bool HasTable(uint cluster) => _clusters[cluster].Table.Id != 0;

    /// <inheritdoc/>
    public bool TryOpen(uint cluster)
    {
        if (!_tables.TryTake(out uint table))
        {
            return false;
        }

        if (_hasGroups && !_groups.TryMake(out _clusters[cluster].Groups.Id))
        {
            _tables.Return(table);
            return false;
        }

        // After the table's zeroes: a reader without the lock who sees the table sees them.
        Volatile.Write(ref _clusters[cluster].Table.Id, table);
        return true;
    }

    /// <inheritdoc/>
    public void Close(uint cluster)
    {
        ref FaithfulCluster record = ref _clusters[cluster];
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
        uint table = Volatile.Read(ref _clusters[cluster].Table.Id);
        return table == 0 ? default : Decode(Volatile.Read(ref ((ulong*)_tables[table])[position]));
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
    public void Clear(uint cluster, int position, int count)
    {
        ClearGroup(cluster, position, count);
        new Span<ulong>(Entries(cluster) + position, count).Clear();
    }

    /// <inheritdoc/>
    public bool TryPrepareZero(uint cluster) => true;

    /// <inheritdoc/>
    public bool HasOverflow(uint cluster) => _clusters[cluster].Overflow.Id != 0;

    /// <inheritdoc/>
    public bool TryOpenOverflow(uint cluster) => _overflow.TryMake(ref _clusters[cluster].Overflow.Id);

    /// <inheritdoc/>
    public ref uint Overflow(uint cluster, int position) => ref _overflow.At(_clusters[cluster].Overflow.Id, position);

    /// <inheritdoc/>
    public void DropEmptyOverflow(uint cluster) => _overflow.DropEmpty(ref _clusters[cluster].Overflow.Id);

    /// <inheritdoc/>
    public ushort Group(uint cluster, int position) =>
        _hasGroups ? _groups.Of(_clusters[cluster].Groups.Id)[position] : (ushort)0;

    /// <inheritdoc/>
    public bool TryPrepareGroup(uint cluster, ushort group) => true;

    /// <inheritdoc/>
    public void SetGroup(uint cluster, int position, int count, ushort group)
    {
        if (_hasGroups)
        {
            _groups.Of(_clusters[cluster].Groups.Id).Slice(position, count).Fill(group);
        }
    }

    /// <inheritdoc/>
    public void ClearGroup(uint cluster, int position, int count) => SetGroup(cluster, position, count, 0);

    /// <inheritdoc/>
    public bool HasGroupTable(uint cluster) => _clusters[cluster].Groups.Id != 0;

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
    private ulong* Entries(uint cluster) => (ulong*)_tables[_clusters[cluster].Table.Id];
}
