using System;

namespace FastKsm.Swapping.Backends;

/// <summary>The first page of a device whose contents are kept elsewhere: as mkswap leaves it.</summary>
internal readonly struct HeaderPage
{
    private readonly byte[] _bytes;

    /// <param name="slots">Size of the device in slots.</param>
    internal HeaderPage(uint slots)
    {
        _bytes = new byte[SwapHeader.Bytes];
        SwapHeader.Write(_bytes, slots - 1);
    }

    /// <summary>Its bytes.</summary>
    internal Span<byte> Bytes => _bytes;
}
