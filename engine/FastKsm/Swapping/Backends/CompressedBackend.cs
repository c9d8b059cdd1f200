using System;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Primitives;
using K4os.Compression.LZ4;

namespace FastKsm.Swapping.Backends;

/// <summary>Contents in memory, compressed by LZ4, as zram keeps them: 16 bytes for each slot of the device, and the
/// compressed bytes.</summary>
/// <remarks>
/// A content that is one 64-bit word again and again is kept as that word. One that does not become small enough is
/// kept as it is.
/// Thread safety: of one slot, the folio's lock; the rest concurrently.
/// </remarks>
internal sealed unsafe class CompressedBackend : SwapBackend
{
    // Sizes are rounded up to whole cache lines; zsmalloc rounds to 16 bytes, and packs classes that are close to one
    // another.
    private const int ClassBytes = 64;
    private const int SameFilled = -1;

    private readonly HeaderPage _header;
    private readonly NativeColumn<Item> _items;
    private readonly CellPool?[] _pools;
    private readonly AllocationFaults _faults;
    private readonly long _limit;
    private readonly int _largestCompressed;
    private long _stored;
    private int _latch;

    /// <param name="slots">Size in slots, the header's among them.</param>
    /// <param name="contentSize">Bytes of a content: a positive multiple of 64.</param>
    /// <param name="limit">Most bytes to store; what would go beyond is refused, as by zram's mem_limit.</param>
    /// <param name="faults">Asked whenever memory is taken.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal CompressedBackend(uint slots, int contentSize, long limit, AllocationFaults faults)
    {
        Slots = slots;
        ContentSize = contentSize;
        _limit = limit;
        _faults = faults;
        _header = new HeaderPage(slots);
        _pools = new CellPool?[contentSize / ClassBytes];

        // zsmalloc's watermark lies between 3264 and 3840 of 4096: what is larger gains nothing.
        _largestCompressed = contentSize * 51 / 64;
        _items = LayoutMemory.MakeColumn<Item>(slots, prefault: false, faults);
    }

    /// <inheritdoc/>
    internal override uint Slots { get; }

    /// <inheritdoc/>
    internal override int ContentSize { get; }

    /// <inheritdoc/>
    internal override long UsedBytes => Volatile.Read(ref _stored);

    /// <inheritdoc/>
    internal override bool TryReadHeader(Span<byte> page) => _header.Bytes.TryCopyTo(page);

    /// <inheritdoc/>
    internal override SwapStatus Write(uint slot, ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(content);
        ulong word = words[0];
        if (!words.ContainsAnyExcept(word))
        {
            Drop(slot);
            _items[slot] = new Item { Value = word, Length = SameFilled };
            return SwapStatus.Done;
        }

        Span<byte> room = stackalloc byte[_largestCompressed];
        int length = LZ4Codec.Encode(content, room);
        bool isSmall = length > 0;
        ReadOnlySpan<byte> bytes = isSmall ? room[..length] : content;
        SwapStatus status = TryStore(bytes, out uint cell);
        if (status == SwapStatus.Done)
        {
            Drop(slot);
            _items[slot] = new Item { Value = cell, Length = bytes.Length };
        }

        return status;
    }

    /// <inheritdoc/>
    internal override SwapStatus Read(uint slot, Span<byte> content)
    {
        Item item = _items[slot];
        if (item.Length == SameFilled)
        {
            MemoryMarshal.Cast<byte, ulong>(content).Fill(item.Value);
            return SwapStatus.Done;
        }

        if (item.Length == 0)
        {
            return SwapStatus.IoError;
        }

        ReadOnlySpan<byte> bytes = new(_pools[ClassOf(item.Length)]![(uint)item.Value], item.Length);
        if (item.Length == ContentSize)
        {
            bytes.CopyTo(content);
            return SwapStatus.Done;
        }

        return LZ4Codec.Decode(bytes, content) == ContentSize ? SwapStatus.Done : SwapStatus.IoError;
    }

    /// <inheritdoc/>
    internal override void Free(uint first, int count)
    {
        for (uint i = 0; i < (uint)count; i++)
        {
            Drop(first + i);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (CellPool? pool in _pools)
        {
            pool?.Dispose();
        }

        _items.Dispose();
        base.Dispose(disposing);
    }

    private static int ClassOf(int length) => (length - 1) / ClassBytes;

    private static int BytesOf(int sizeClass) => (sizeClass + 1) * ClassBytes;

    private SwapStatus TryStore(ReadOnlySpan<byte> bytes, out uint cell)
    {
        cell = 0;
        int sizeClass = ClassOf(bytes.Length);
        if (Interlocked.Add(ref _stored, BytesOf(sizeClass)) > _limit)
        {
            _ = Interlocked.Add(ref _stored, -BytesOf(sizeClass));
            return SwapStatus.Full;
        }

#pragma warning disable CA2000 // The pools are disposed with the back end.
        if (PoolOf(sizeClass) is not { } pool || !pool.TryTake(out cell))
        {
            _ = Interlocked.Add(ref _stored, -BytesOf(sizeClass));
            return SwapStatus.OutOfNativeMemory;
        }
#pragma warning restore CA2000

        bytes.CopyTo(new Span<byte>(pool[cell], bytes.Length));
        return SwapStatus.Done;
    }

    private void Drop(uint slot)
    {
        ref Item item = ref _items[slot];
        if (item.Length > 0)
        {
            int sizeClass = ClassOf(item.Length);
            CellPool pool = _pools[sizeClass]!;
            new Span<byte>(pool[(uint)item.Value], item.Length).Clear();
            pool.Return((uint)item.Value);
            _ = Interlocked.Add(ref _stored, -BytesOf(sizeClass));
        }

        item = default;
    }

    // Address space for a size is taken when the first content of that size comes.
    private CellPool? PoolOf(int sizeClass)
    {
        if (Volatile.Read(ref _pools[sizeClass]) is { } known)
        {
            return known;
        }

        SpinLatch.Enter(ref _latch, LockRank.SwapBackend);
        CellPool? made = _pools[sizeClass];
        try
        {
            if (made is null && !_faults.Strikes())
            {
                long cells = long.Min(Slots, (_limit / BytesOf(sizeClass)) + 1);
                made = new CellPool((uint)cells, BytesOf(sizeClass), _faults);
                Volatile.Write(ref _pools[sizeClass], made);
            }
        }
        catch (OutOfNativeMemoryException)
        {
            made = null;
        }

        SpinLatch.Exit(ref _latch, LockRank.SwapBackend);
        return made;
    }

    private struct Item
    {
        internal ulong Value;
        internal int Length;
    }
}
