using System;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>
/// Linux 6.18's layout (phase I): for each slot of the device a byte of map, two of group and a zero bit, from
/// mounting on; 32 bytes
/// a cluster; 4 KiB of folios and shadows for each cluster in use. For comparison.
/// </summary>
/// <remarks>
/// Map: <c>[7] the count goes on elsewhere  [6] cached  [5..0] count up to 62; 63 bad</c>. Table: <c>frame × 2</c>, or
/// <c>shadow × 2 + 1</c>.
/// </remarks>
#pragma warning disable CA1001 // The analyzer does not see that a struct is IDisposable.
internal readonly unsafe struct LegacyLayout : ISwapLayout<LegacyLayout>
#pragma warning restore CA1001
{
    private const byte CountMask = 0x3f;
    private const byte BadCount = 0x3f;
    private const byte MostCount = 0x3e;
    private const byte CachedBit = 0x40;
    private const byte ContinuedBit = 0x80;

    private readonly NativeColumn<LegacyCluster> _clusters;
    private readonly NativeColumn<byte> _map;
    private readonly NativeColumn<ushort> _groups;
    private readonly NativeColumn<byte> _zeroes;
    private readonly CellPool _tables;
    private readonly OverflowTables _overflow;

    private LegacyLayout(in LayoutSettings settings, AllocationFaults faults)
    {
        uint clusters = settings.Clusters;
        uint slots = clusters << SwapLimits.ClusterShift;
        try
        {
            _clusters = LayoutMemory.MakeColumn<LegacyCluster>(clusters, settings.Prefault, faults);
            _map = LayoutMemory.MakeColumn<byte>(slots, settings.Prefault, faults);
            _groups = LayoutMemory.MakeColumn<ushort>(slots, settings.Prefault, faults);
            _zeroes = LayoutMemory.MakeColumn<byte>(slots / 8, settings.Prefault, faults);
            _tables = new CellPool(clusters, TableBytes, faults);
            _overflow = new OverflowTables(clusters, faults);
        }
        catch (OutOfNativeMemoryException)
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public static string Name => "legacy";

    /// <inheritdoc/>
    public static int InlineLimit => MostCount;

    /// <inheritdoc/>
    public static int RecordBytes => sizeof(LegacyCluster);

    /// <inheritdoc/>
    public static int TableBytes => SwapLimits.ClusterSlots * sizeof(ulong);

    /// <inheritdoc/>
    public static bool IsLazy => false;

    /// <inheritdoc/>
    public static long Frames => 1L << 40;

    /// <inheritdoc/>
    public static int Groups => SwapLimits.MaxGroups;

    /// <inheritdoc/>
    public static int AgeBits => 36;

    /// <inheritdoc/>
    public static LegacyLayout Make(in LayoutSettings settings, AllocationFaults faults) => new(settings, faults);

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
    public ref uint Previous(uint cluster) => ref _clusters[cluster].Previous;

    /// <inheritdoc/>
    public ref uint Next(uint cluster) => ref _clusters[cluster].Next;

    /// <inheritdoc/>
    public bool HasTable(uint cluster) => _clusters[cluster].Table.Id != 0;

    /// <inheritdoc/>
    public bool TryOpen(uint cluster)
    {
        bool done = _tables.TryTake(out uint table);
        if (done)
        {
            Volatile.Write(ref _clusters[cluster].Table.Id, table);
        }

        return done;
    }

    /// <inheritdoc/>
    public void Close(uint cluster)
    {
        ref LegacyCluster record = ref _clusters[cluster];
        _overflow.DropEmpty(ref record.Overflow);
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
    public SlotState Read(uint cluster, int position) => ReadShared(cluster, position);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SlotState ReadShared(uint cluster, int position)
    {
        uint slot = (cluster << SwapLimits.ClusterShift) + (uint)position;
        byte map = Volatile.Read(ref _map[slot]);
        uint table = Volatile.Read(ref _clusters[cluster].Table.Id);
        if (map == 0 || table == 0)
        {
            return default;
        }

        if (map == BadCount)
        {
            return SlotState.Bad;
        }

        ulong word = Volatile.Read(ref ((ulong*)_tables[table])[position]);
        byte count = (map & ContinuedBit) != 0 ? (byte)(MostCount + 1) : (byte)(map & CountMask);
        return new((map & CachedBit) != 0 ? SlotKind.Cached : SlotKind.Shadow, count, IsZero(slot), word >> 1);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(uint cluster, int position, in SlotState state)
    {
        uint slot = (cluster << SwapLimits.ClusterShift) + (uint)position;
        bool isBad = state.Kind == SlotKind.Bad;
        byte count = state.Count > MostCount ? (byte)(MostCount | ContinuedBit) : state.Count;
        byte map = isBad ? BadCount : (byte)(count | (state.Kind == SlotKind.Cached ? CachedBit : 0));
        ulong word = isBad ? 0 : (state.Payload << 1) | (state.Kind == SlotKind.Shadow ? 1UL : 0);
        Volatile.Write(ref ((ulong*)_tables[_clusters[cluster].Table.Id])[position], word);
        Volatile.Write(ref _map[slot], map);
        SetZero(slot, state.IsZero);
    }

    /// <inheritdoc/>
    public bool IsFree(uint cluster, int position, int count) =>
        !Map(cluster).Slice(position, count).ContainsAnyExcept((byte)0);

    /// <inheritdoc/>
    public int NextFree(uint cluster, int position) => LayoutMemory.Next<byte>(Map(cluster), position);

    /// <inheritdoc/>
    public void FillCached(uint cluster, int position, int count, Pfn head)
    {
        new Span<ulong>((ulong*)_tables[_clusters[cluster].Table.Id] + position, count).Fill((ulong)head.Number << 1);
        Map(cluster).Slice(position, count).Fill(CachedBit);
    }

    /// <inheritdoc/>
    public void Clear(uint cluster, int position, int count)
    {
        ClearGroup(cluster, position, count);
        uint slot = (cluster << SwapLimits.ClusterShift) + (uint)position;
        for (uint i = 0; i < (uint)count; i++)
        {
            SetZero(slot + i, false);
        }

        Map(cluster).Slice(position, count).Clear();
        new Span<ulong>((ulong*)_tables[_clusters[cluster].Table.Id] + position, count).Clear();
    }

    /// <inheritdoc/>
    public bool TryPrepareZero(uint cluster) => true;

    /// <inheritdoc/>
    public bool HasOverflow(uint cluster) => _clusters[cluster].Overflow != 0;

    /// <inheritdoc/>
    public bool TryOpenOverflow(uint cluster) => _overflow.TryMake(ref _clusters[cluster].Overflow);

    /// <inheritdoc/>
    public ref uint Overflow(uint cluster, int position) => ref _overflow.At(_clusters[cluster].Overflow, position);

    /// <inheritdoc/>
    public void DropEmptyOverflow(uint cluster) => _overflow.DropEmpty(ref _clusters[cluster].Overflow);

    /// <inheritdoc/>
    public ushort Group(uint cluster, int position) => _groups[(cluster << SwapLimits.ClusterShift) + (uint)position];

    /// <inheritdoc/>
    public bool TryPrepareGroup(uint cluster, ushort group) => true;

    /// <inheritdoc/>
    public void SetGroup(uint cluster, int position, int count, ushort group) =>
        _groups.Run((cluster << SwapLimits.ClusterShift) + (uint)position, count).Fill(group);

    /// <inheritdoc/>
    public void ClearGroup(uint cluster, int position, int count) => SetGroup(cluster, position, count, 0);

    /// <inheritdoc/>
    public bool HasGroupTable(uint cluster) => false;

    /// <inheritdoc/>
    public SwapFootprint Measure() => new(
        _clusters.CommittedBytes + _map.CommittedBytes + _groups.CommittedBytes + _zeroes.CommittedBytes,
        _clusters.ResidentBytes() + _map.ResidentBytes() + _groups.ResidentBytes() + _zeroes.ResidentBytes(),
        _tables.UsedBytes + _overflow.UsedBytes,
        _tables.ResidentBytes() + _overflow.ResidentBytes());

    /// <inheritdoc/>
    public void Dispose()
    {
        _overflow.Dispose();
        _tables?.Dispose();
        _zeroes?.Dispose();
        _groups?.Dispose();
        _map?.Dispose();
        _clusters?.Dispose();
    }

    private Span<byte> Map(uint cluster) => _map.Run(cluster << SwapLimits.ClusterShift, SwapLimits.ClusterSlots);

    private bool IsZero(uint slot) => (_zeroes[slot / 8] & (1 << (int)(slot % 8))) != 0;

    // A cluster's bits are whole bytes, so its lock guards them.
    private void SetZero(uint slot, bool isZero)
    {
        ref byte bits = ref _zeroes[slot / 8];
        byte bit = (byte)(1 << (int)(slot % 8));
        if (isZero != ((bits & bit) != 0))
        {
            bits ^= bit;
        }
    }
}
