using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.Swapping.Backends;

/// <summary>The number of a content that can be made again from it, 8 bytes; for devices larger than memory.</summary>
/// <remarks>
/// A cluster whose numbers count up with its slots, as they do when a region is swapped out in order, keeps the first
/// one only: 80
/// bytes a cluster. Others have a table of 512 numbers. Thread safety: a latch a cluster.
/// </remarks>
internal sealed unsafe class ContentNumberBackend : SwapBackend
{
    private const int Words = SwapLimits.ClusterSlots / 64;

    private readonly HeaderPage _header;
    private readonly NativeColumn<Numbers> _clusters;
    private readonly CellPool _tables;

    /// <param name="slots">Size in slots, the header's among them.</param>
    /// <param name="faults">Asked whenever memory is taken.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal ContentNumberBackend(uint slots, AllocationFaults faults)
    {
        Slots = slots;
        _header = new HeaderPage(slots);
        uint clusters = (slots + SwapLimits.ClusterSlots - 1) / SwapLimits.ClusterSlots;
        _clusters = LayoutMemory.MakeColumn<Numbers>(clusters, prefault: false, faults);
        try
        {
            _tables = new CellPool(clusters, SwapLimits.ClusterSlots * sizeof(ulong), faults);
        }
        catch (OutOfNativeMemoryException)
        {
            _clusters.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    internal override uint Slots { get; }

    /// <inheritdoc/>
    internal override int ContentSize => sizeof(ulong);

    /// <inheritdoc/>
    internal override long UsedBytes => _clusters.CommittedBytes + _tables.UsedBytes;

    /// <inheritdoc/>
    internal override bool TryReadHeader(Span<byte> page) => _header.Bytes.TryCopyTo(page);

    /// <inheritdoc/>
    internal override SwapStatus Write(uint slot, ReadOnlySpan<byte> content)
    {
        ulong number = MemoryMarshal.Read<ulong>(content);
        int position = (int)(slot % SwapLimits.ClusterSlots);
        ref Numbers cluster = ref _clusters[slot / SwapLimits.ClusterSlots];
        SpinLatch.Enter(ref cluster.Latch, LockRank.SwapBackend);
        ulong first = number - (uint)position;
        if (cluster.IsEmpty)
        {
            cluster.First = first;
        }

        bool done = (cluster.Table == 0 && cluster.First == first) || cluster.Table != 0 || TrySpread(ref cluster);
        if (done)
        {
            cluster.Written[position / 64] |= 1UL << position;
            if (cluster.Table != 0)
            {
                ((ulong*)_tables[cluster.Table])[position] = number;
            }
        }

        SpinLatch.Exit(ref cluster.Latch, LockRank.SwapBackend);
        return done ? SwapStatus.Done : SwapStatus.OutOfNativeMemory;
    }

    /// <inheritdoc/>
    internal override SwapStatus Read(uint slot, Span<byte> content)
    {
        int position = (int)(slot % SwapLimits.ClusterSlots);
        ref Numbers cluster = ref _clusters[slot / SwapLimits.ClusterSlots];
        SpinLatch.Enter(ref cluster.Latch, LockRank.SwapBackend);
        bool isWritten = (cluster.Written[position / 64] & (1UL << position)) != 0;
        ulong number = cluster.Table != 0 ? ((ulong*)_tables[cluster.Table])[position] : cluster.First + (uint)position;
        SpinLatch.Exit(ref cluster.Latch, LockRank.SwapBackend);
        MemoryMarshal.Write(content, in number);
        return isWritten ? SwapStatus.Done : SwapStatus.IoError;
    }

    /// <inheritdoc/>
    internal override void Free(uint first, int count)
    {
        ref Numbers cluster = ref _clusters[first / SwapLimits.ClusterSlots];
        SpinLatch.Enter(ref cluster.Latch, LockRank.SwapBackend);
        int start = (int)(first % SwapLimits.ClusterSlots);
        for (int position = start; position < start + count; position++)
        {
            cluster.Written[position / 64] &= ~(1UL << position);
        }

        if (cluster.Table != 0 && cluster.IsEmpty)
        {
            new Span<ulong>(_tables[cluster.Table], SwapLimits.ClusterSlots).Clear();
            _tables.Return(cluster.Table);
            cluster.Table = 0;
        }

        SpinLatch.Exit(ref cluster.Latch, LockRank.SwapBackend);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _tables.Dispose();
        _clusters.Dispose();
        base.Dispose(disposing);
    }

    private bool TrySpread(ref Numbers cluster)
    {
        if (!_tables.TryTake(out cluster.Table))
        {
            return false;
        }

        ulong* numbers = (ulong*)_tables[cluster.Table];
        for (int i = 0; i < SwapLimits.ClusterSlots; i++)
        {
            numbers[i] = cluster.First + (uint)i;
        }

        return true;
    }

    private struct Numbers
    {
        internal ulong First;
        internal uint Table;
        internal int Latch;
        internal Bits Written;

        internal readonly bool IsEmpty => !((ReadOnlySpan<ulong>)Written).ContainsAnyExcept(0UL);
    }

    [InlineArray(Words)]
    private struct Bits
    {
        private ulong _first;
    }
}
