using System;
using FastKsm.Memory;

namespace FastKsm.Swapping.Backends;

/// <summary>Contents in memory, byte for byte: a cell for each slot that has one, given back when the slot is
/// free.</summary>
internal sealed unsafe class MemoryBackend : SwapBackend
{
    private readonly HeaderPage _header;
    private readonly NativeColumn<uint> _cells;
    private readonly CellPool _pool;

    /// <param name="slots">Size in slots, the header's among them.</param>
    /// <param name="contentSize">Bytes of a content: a positive multiple of 64.</param>
    /// <param name="faults">Asked whenever memory is taken.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal MemoryBackend(uint slots, int contentSize, AllocationFaults faults)
    {
        Slots = slots;
        ContentSize = contentSize;
        _header = new HeaderPage(slots);
        _cells = LayoutMemory.MakeColumn<uint>(slots, prefault: false, faults);
        try
        {
            _pool = new CellPool(slots, contentSize, faults);
        }
        catch (OutOfNativeMemoryException)
        {
            _cells.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    internal override uint Slots { get; }

    /// <inheritdoc/>
    internal override int ContentSize { get; }

    /// <inheritdoc/>
    internal override long UsedBytes => _pool.UsedBytes;

    /// <inheritdoc/>
    internal override bool TryReadHeader(Span<byte> page) => _header.Bytes.TryCopyTo(page);

    /// <inheritdoc/>
    internal override SwapStatus Write(uint slot, ReadOnlySpan<byte> content)
    {
        ref uint cell = ref _cells[slot];
        if (cell == 0 && !_pool.TryTake(out cell))
        {
            return SwapStatus.OutOfNativeMemory;
        }

        content.CopyTo(new Span<byte>(_pool[cell], ContentSize));
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override SwapStatus Read(uint slot, Span<byte> content)
    {
        uint cell = _cells[slot];
        if (cell == 0)
        {
            return SwapStatus.IoError;
        }

        new ReadOnlySpan<byte>(_pool[cell], ContentSize).CopyTo(content);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override void Free(uint first, int count)
    {
        foreach (ref uint cell in _cells.Run(first, count))
        {
            if (cell != 0)
            {
                new Span<byte>(_pool[cell], ContentSize).Clear();
                _pool.Return(cell);
                cell = 0;
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _pool.Dispose();
        _cells.Dispose();
        base.Dispose(disposing);
    }
}
