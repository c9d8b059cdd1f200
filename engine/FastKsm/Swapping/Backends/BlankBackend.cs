using System;

namespace FastKsm.Swapping.Backends;

/// <summary>Keeps no contents: for what is asked of the tables alone. Has a header, so that it can be
/// mounted.</summary>
internal sealed class BlankBackend : SwapBackend
{
    private readonly HeaderPage _header;

    /// <param name="slots">Size in slots, the header's among them.</param>
    internal BlankBackend(uint slots)
    {
        Slots = slots;
        _header = new HeaderPage(slots);
    }

    /// <summary>The first page, for a caller that wants another one.</summary>
    internal Span<byte> Header => _header.Bytes;

    /// <inheritdoc/>
    internal override uint Slots { get; }

    /// <inheritdoc/>
    internal override int ContentSize => 0;

    /// <inheritdoc/>
    internal override long UsedBytes => 0;

    /// <inheritdoc/>
    internal override bool TryReadHeader(Span<byte> page) => _header.Bytes.TryCopyTo(page);

    /// <inheritdoc/>
    internal override SwapStatus Write(uint slot, ReadOnlySpan<byte> content) => SwapStatus.Done;

    /// <inheritdoc/>
    internal override SwapStatus Read(uint slot, Span<byte> content) => SwapStatus.Done;

    /// <inheritdoc/>
    internal override void Free(uint first, int count)
    {
    }
}
