using System;
using System.Diagnostics;
using System.Threading;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>The swap entry of each folio in the swap cache, beside its first frame: a column of its own, committed as
/// frames come to swap.</summary>
/// <remarks>Thread safety: written with the folio locked and its cluster's lock held; read with either, or to
/// look.</remarks>
internal sealed class SwapCacheColumn : IDisposable
{
    private const int OrderShift = 40;
    private const ulong InCache = 1UL << 63;

    private readonly NativeColumn<ulong> _entries;
    private readonly uint _firstFrame;
    private readonly uint _frames;

    /// <param name="firstFrame">First frame that can be swapped.</param>
    /// <param name="frames">How many can be.</param>
    /// <param name="faults">Asked whenever the column grows.</param>
    internal SwapCacheColumn(uint firstFrame, uint frames, AllocationFaults faults)
    {
        _firstFrame = firstFrame;
        _frames = frames;
        _entries = new NativeColumn<ulong>(frames, faults);
        _entries.PreferSmallPages();
    }

    /// <summary>Whether a folio of an order can begin at a frame.</summary>
    internal bool Takes(Pfn head, int order) =>
        head.Number >= _firstFrame && head.Number - _firstFrame + (1UL << order) <= _frames;

    /// <summary>Makes room for a folio.</summary>
    internal bool TryCover(Pfn head) => _entries.TryCover(head.Number - _firstFrame);

    /// <summary>Whether a folio is in the swap cache, and where.</summary>
    internal bool TryGet(Pfn head, out SwapEntry entry, out int order)
    {
        uint index = head.Number - _firstFrame;
        ulong value = _entries.Covers(index) ? Volatile.Read(ref _entries[index]) : 0;
        entry = new SwapEntry(value & ((1UL << SwapEntry.Bits) - 1));
        order = (int)(value >> OrderShift) & 15;
        return (value & InCache) != 0;
    }

    /// <summary>A folio is in the swap cache.</summary>
    internal void Set(Pfn head, SwapEntry entry, int order)
    {
        Debug.Assert(entry.RoundDown(order) == entry, "A folio's slots are aligned.");
        ulong value = InCache | ((ulong)(uint)order << OrderShift) | entry.Value;
        Volatile.Write(ref _entries[head.Number - _firstFrame], value);
    }

    /// <summary>A folio is not in the swap cache any more.</summary>
    internal void Remove(Pfn head) => Volatile.Write(ref _entries[head.Number - _firstFrame], 0);

    /// <inheritdoc/>
    public void Dispose() => _entries.Dispose();
}
