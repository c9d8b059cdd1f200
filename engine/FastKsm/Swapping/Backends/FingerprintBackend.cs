using System;
using System.Runtime.InteropServices;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.Swapping.Backends;

/// <summary>16 bytes for each slot: for machines that keep a fingerprint of each page instead of its bytes.</summary>
internal sealed class FingerprintBackend : SwapBackend
{
    private readonly HeaderPage _header;
    private readonly NativeColumn<UInt128> _contents;

    /// <param name="slots">Size in slots, the header's among them.</param>
    /// <param name="faults">Asked whenever memory is taken.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal FingerprintBackend(uint slots, AllocationFaults faults)
    {
        Slots = slots;
        _header = new HeaderPage(slots);
        _contents = new NativeColumn<UInt128>(slots, faults);
        _contents.PreferSmallPages();
    }

    /// <inheritdoc/>
    internal override uint Slots { get; }

    /// <inheritdoc/>
    internal override int ContentSize => Sizes.ContentGranule;

    /// <inheritdoc/>
    internal override long UsedBytes => _contents.CommittedBytes;

    /// <inheritdoc/>
    internal override bool TryReadHeader(Span<byte> page) => _header.Bytes.TryCopyTo(page);

    /// <inheritdoc/>
    internal override SwapStatus Write(uint slot, ReadOnlySpan<byte> content)
    {
        if (!_contents.TryCover(slot))
        {
            return SwapStatus.OutOfNativeMemory;
        }

        _contents[slot] = MemoryMarshal.Read<UInt128>(content);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override SwapStatus Read(uint slot, Span<byte> content)
    {
        if (!_contents.Covers(slot))
        {
            return SwapStatus.IoError;
        }

        MemoryMarshal.Write(content, in _contents[slot]);
        return SwapStatus.Done;
    }

    /// <inheritdoc/>
    internal override void Free(uint first, int count)
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _contents.Dispose();
        base.Dispose(disposing);
    }
}
