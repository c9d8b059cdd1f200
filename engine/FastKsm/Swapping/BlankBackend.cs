using System;

namespace FastKsm.Swapping;

/// <summary>Keeps no contents: for what is asked of the tables alone. Has a header, so that it can be mounted.</summary>
internal sealed class BlankBackend : SwapBackend
{
    private readonly byte[] _header = new byte[SwapHeader.Bytes];

    /// <param name="slots">Size in slots, the header's among them.</param>
    internal BlankBackend(uint slots)
    {
        Slots = slots;
        SwapHeader.Write(_header, slots - 1);
    }

    /// <summary>The first page, to be written by the test or tool that wants another one.</summary>
    internal Span<byte> Header => _header;

    /// <inheritdoc/>
    internal override uint Slots { get; }

    /// <inheritdoc/>
    internal override int ContentSize => 0;

    /// <inheritdoc/>
    internal override long UsedBytes => 0;

    /// <inheritdoc/>
    internal override bool TryReadHeader(Span<byte> page)
    {
        _header.CopyTo(page);
        return true;
    }

    /// <inheritdoc/>
    internal override SwapStatus Write(uint slot, ReadOnlySpan<byte> content) => SwapStatus.Done;

    /// <inheritdoc/>
    internal override SwapStatus Read(uint slot, Span<byte> content) => SwapStatus.Done;

    /// <inheritdoc/>
    internal override void Free(uint first, int count)
    {
    }
}
