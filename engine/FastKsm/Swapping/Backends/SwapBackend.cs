using System;

namespace FastKsm.Swapping.Backends;

/// <summary>Where the contents of a device's slots are kept. A device holds one, and devices of one system may
/// differ.</summary>
/// <remarks>
/// A virtual call a page, beside a copy of that page; releases come as runs. Thread safety: different slots may be
/// written, read and
/// freed at once; the folio's lock keeps two writers from one slot.
/// </remarks>
internal abstract class SwapBackend : IDisposable
{
    /// <summary>Size in slots, the header's among them.</summary>
    internal abstract uint Slots { get; }

    /// <summary>Bytes of a slot's content.</summary>
    internal abstract int ContentSize { get; }

    /// <summary>Bytes in use for contents.</summary>
    internal abstract long UsedBytes { get; }

    /// <summary>Whether <see cref="Free"/> takes longer than a latch may be held, as a system call does. Slots that have
    /// been in use become free behind it then; it may come for free ones too.</summary>
    internal virtual bool FreesSlowly => false;

    /// <summary>Reads the first page.</summary>
    /// <param name="page"><see cref="SwapHeader.Bytes"/> bytes.</param>
    /// <returns>False when it cannot be read whole.</returns>
    internal abstract bool TryReadHeader(Span<byte> page);

    /// <summary>Keeps the content of a slot, in the place of what it held.</summary>
    internal abstract SwapStatus Write(uint slot, ReadOnlySpan<byte> content);

    /// <summary>Reads the content of a slot that has been written.</summary>
    internal abstract SwapStatus Read(uint slot, Span<byte> content);

    /// <summary>Told that slots are free: memory behind them may go.</summary>
    internal abstract void Free(uint first, int count);

    /// <summary>TRIM: told that a cluster is empty, or at mount that all is.</summary>
    internal virtual void Discard(uint first, uint count)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives everything back.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
