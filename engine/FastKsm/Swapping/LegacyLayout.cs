using System;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;

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
    private readonly LegacyCluster* _records;
    private readonly byte* _counts;
    private readonly byte* _words;

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
            _records = _clusters.Values;
            _counts = _map.Values;
            _words = _tables.Cells;
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ClusterHead Head(uint cluster) => ref At(cluster).Head;

    /// <inheritdoc/>
    public ref ClusterLinks Links(uint cluster) => ref At(cluster).Links;

    /// <inheritdoc/>
    public bool HasTable(uint cluster) => At(cluster).Table.Id != 0;

    /// <inheritdoc/>
    public bool TryOpen(uint cluster)
    {
        bool done = _tables.TryTake(out uint table);
        if (done)
        {
            Volatile.Write(ref At(cluster).Table.Id, table);
        }

        return done;
    }

    /// <inheritdoc/>
    public void Close(uint cluster)
    {
        ref LegacyCluster record = ref At(cluster);
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
        byte map = Volatile.Read(ref _counts[slot]);
        uint table = Volatile.Read(ref At(cluster).Table.Id);
        if (map == 0 || table == 0)
        {
            return default;
        }

        if (map == BadCount)
        {
            return SlotState.Bad;
        }

        ulong word = Volatile.Read(ref Table(table)[position]);
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
        Volatile.Write(ref Words(cluster)[position], word);
        Volatile.Write(ref _counts[slot], map);
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
        new Span<ulong>(Words(cluster) + position, count).Fill((ulong)head.Number << 1);
        Map(cluster).Slice(position, count).Fill(CachedBit);
    }

    /// <inheritdoc/>
    public void FillCached(uint cluster, int position, ReadOnlySpan<Pfn> heads)
    {
        ulong* words = Words(cluster) + position;
        for (int i = 0; i < heads.Length; i++)
        {
            Volatile.Write(ref words[i], (ulong)heads[i].Number << 1);
        }

        Map(cluster).Slice(position, heads.Length).Fill(CachedBit);
    }

    /// <inheritdoc/>
    public int CountFree(uint cluster, int position, int most) =>
        LayoutMemory.CountDefault<byte>(Map(cluster)[position..], most);

    /// <inheritdoc/>
    public int RaiseInline(uint cluster, int position, int count, bool isCached)
    {
        Span<byte> map = Map(cluster).Slice(position, count);
        int done = 0;
        while (done < map.Length && CanRaise(map[done], isCached))
        {
            Volatile.Write(ref map[done], (byte)(map[done] + 1));
            done++;
        }

        return done;
    }

    /// <inheritdoc/>
    public bool AreNamedOnce(uint cluster, int position, int count) =>
        !Map(cluster).Slice(position, count).ContainsAnyExcept((byte)1);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnterAndEvict(uint cluster, int position, SwapShadow shadow)
    {
        // As in the other layouts, places are found before the lock.
        ref LegacyCluster record = ref At(cluster);
        ulong* word = Table(record.Table.Id) + position;
        byte* map = _counts + ((nuint)cluster << SwapLimits.ClusterShift) + (uint)position;
        if (!record.Head.TryEnter())
        {
            return false;
        }

        bool done = TryEvict(map, word, shadow);
        if (!done)
        {
            record.Head.Exit();
        }

        return done;
    }

    /// <inheritdoc/>
    public bool TryEvict(uint cluster, int position, SwapShadow shadow) => TryEvict(
        _counts + ((nuint)cluster << SwapLimits.ClusterShift) + (uint)position, Words(cluster) + position, shadow);

    /// <inheritdoc/>
    public void Clear(uint cluster, int position, int count)
    {
        ClearGroup(cluster, position, count);
        uint slot = (cluster << SwapLimits.ClusterShift) + (uint)position;
        ClearZeroes(slot, (uint)count);
        Map(cluster).Slice(position, count).Clear();
        new Span<ulong>(Words(cluster) + position, count).Clear();
    }

    /// <inheritdoc/>
    public bool TryPrepareZero(uint cluster) => true;

    /// <inheritdoc/>
    public bool HasOverflow(uint cluster) => At(cluster).Overflow != 0;

    /// <inheritdoc/>
    public bool TryOpenOverflow(uint cluster) => _overflow.TryMake(ref At(cluster).Overflow);

    /// <inheritdoc/>
    public ref uint Overflow(uint cluster, int position) => ref _overflow.At(At(cluster).Overflow, position);

    /// <inheritdoc/>
    public void DropEmptyOverflow(uint cluster) => _overflow.DropEmpty(ref At(cluster).Overflow);

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryEvict(byte* map, ulong* word, SwapShadow shadow)
    {
        byte count = *map;
        bool isNamed = (count & CountMask) != 0;
        if (isNamed)
        {
            Volatile.Write(ref *word, (shadow.Value << 1) | 1);
            Volatile.Write(ref *map, (byte)(count & ~CachedBit));
        }

        return isNamed;
    }

    private Span<byte> Map(uint cluster) =>
        new(_counts + ((nuint)cluster << SwapLimits.ClusterShift), SwapLimits.ClusterSlots);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref LegacyCluster At(uint cluster) => ref _records[cluster];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong* Words(uint cluster) => Table(At(cluster).Table.Id);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong* Table(uint id) => (ulong*)(_words + ((nuint)id * (nuint)TableBytes));

    // No count goes on elsewhere, and there is room for one more.
    private static bool CanRaise(byte map, bool isCached) =>
        isCached ? (byte)(map - CachedBit) < MostCount : map < ContinuedBit && (byte)((map & CountMask) - 1) < MostCount - 1;

    private bool IsZero(uint slot) => (_zeroes[slot / 8] & (1 << (int)(slot % 8))) != 0;

    private void ClearZeroes(uint slot, uint count)
    {
        uint end = slot + count;
        while (slot < end)
        {
            uint bits = uint.Min(8 - (slot % 8), end - slot);
            _zeroes[slot / 8] &= (byte)~(((1 << (int)bits) - 1) << (int)(slot % 8));
            slot += bits;
        }
    }

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
