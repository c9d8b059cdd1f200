using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using FastKsm.Memory;

namespace FastKsm.Swapping;

/// <summary>The swap entry of each folio in the swap cache, beside its first frame: a column of its own, committed as
/// frames come to swap.</summary>
/// <remarks>Thread safety: written with the folio locked and its cluster's lock held; read with either, or to
/// look.</remarks>
internal sealed unsafe class SwapCacheColumn : IDisposable
{
    private const int OrderShift = 40;
    private const ulong InCache = 1UL << 63;

    private readonly NativeColumn<ulong> _entries;
    private readonly ulong* _words;
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
        _words = _entries.Values;
    }

    /// <summary>Whether a folio of an order can begin at a frame.</summary>
    internal bool Takes(Pfn head, int order) =>
        head.Number >= _firstFrame && head.Number - _firstFrame + (1UL << order) <= _frames;

    /// <summary>Whether folios of one page can be at frames.</summary>
    /// <param name="heads">The frames.</param>
    /// <param name="last">The last one of them, so that who makes room for it has room for all.</param>
    internal bool TakesPages(ReadOnlySpan<Pfn> heads, out Pfn last)
    {
        uint first = _firstFrame;
        uint most = 0;
        foreach (Pfn head in heads)
        {
            most = uint.Max(most, head.Number - first);
        }

        last = new Pfn(most + first);
        return most < _frames;
    }

    /// <summary>Makes room for a folio.</summary>
    internal bool TryCover(Pfn head) => _entries.TryCover(head.Number - _firstFrame);

    /// <summary>Whether a folio is in the swap cache, and where.</summary>
    internal bool TryGet(Pfn head, out SwapEntry entry, out int order)
    {
        uint index = head.Number - _firstFrame;
        ulong value = _entries.Covers(index) ? Volatile.Read(ref _words[index]) : 0;
        entry = new SwapEntry(value & ((1UL << SwapEntry.Bits) - 1));
        order = (int)(value >> OrderShift) & 15;
        return (value & InCache) != 0;
    }

    /// <summary>Whether a folio of one page is in the swap cache, and where; found by as few loads as can be.</summary>
    /// <param name="head">Its frame.</param>
    /// <param name="place">Its word, which is 0 once it has left.</param>
    /// <param name="entry">Its slot.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryGetPage(Pfn head, out ulong* place, out SwapEntry entry)
    {
        uint index = head.Number - _firstFrame;
        place = _words + index;
        ulong value = _entries.Covers(index) ? Volatile.Read(ref *place) : 0;
        entry = new SwapEntry(value & ~InCache);
        return value >> OrderShift == InCache >> OrderShift;
    }

    /// <summary>A folio is in the swap cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Set(Pfn head, SwapEntry entry, int order)
    {
        Debug.Assert(entry.RoundDown(order) == entry, "A folio's slots are aligned.");
        ulong value = InCache | ((ulong)(uint)order << OrderShift) | entry.Value;
        Volatile.Write(ref _words[head.Number - _firstFrame], value);
    }

    /// <summary>A folio is not in the swap cache any more.</summary>
    internal void Remove(Pfn head) => Volatile.Write(ref _words[head.Number - _firstFrame], 0);

    /// <inheritdoc/>
    public void Dispose() => _entries.Dispose();
}
