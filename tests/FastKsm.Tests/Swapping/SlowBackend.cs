using System;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;

namespace FastKsm.Tests.Swapping;

/// <summary>A back end that takes its time when slots become free: meanwhile something else happens.</summary>
internal sealed class SlowBackend(uint slots) : SwapBackend
{
    private readonly BlankBackend _blank = new(slots);

    /// <summary>What happens: first slot and number of slots.</summary>
    internal Action<uint, int>? OnFree { get; set; }

    internal override bool FreesSlowly => true;

    internal override uint Slots => slots;

    internal override int ContentSize => _blank.ContentSize;

    internal override long UsedBytes => 0;

    internal override bool TryReadHeader(Span<byte> page) => _blank.TryReadHeader(page);

    internal override SwapStatus Write(uint slot, ReadOnlySpan<byte> content) => SwapStatus.Done;

    internal override SwapStatus Read(uint slot, Span<byte> content) => SwapStatus.Done;

    internal override void Free(uint first, int count) => OnFree?.Invoke(first, count);

    protected override void Dispose(bool disposing)
    {
        _blank.Dispose();
        base.Dispose(disposing);
    }
}
