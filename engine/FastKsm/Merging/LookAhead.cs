using System.Runtime.InteropServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Simd;

namespace FastKsm.Merging;

/// <summary>Takes checksums of the next pages of a leaf and prefetches what their visits will read, a few pages at once.</summary>
/// <remarks>
/// It changes nothing and decides nothing: a visit uses a checksum only if the page still maps the same frame. Frames are
/// read without a lock; what is read while somebody writes is as good a hint as any checksum of a page in use.
/// Thread safety: under the ksm mutex and the mm lock, shared.
/// </remarks>
internal sealed class LookAhead
{
    /// <summary>Pages at once: enough to hide a miss, few enough that prefetched lines are still there.</summary>
    private const int Window = 16;

    private readonly PhysicalMemory _frames;
    private readonly RmapItemTable _items;
    private readonly IMergeIndex _index;
    private readonly MergeKnobs _knobs;
    private readonly Pte[] _ptes = new Pte[Window];
    private readonly ulong[] _checksums = new ulong[Window];
    private uint _leaf;
    private int _first;
    private int _end;

    internal LookAhead(MergeParts parts, IMergeIndex index)
    {
        _frames = parts.Frames;
        _items = parts.Items;
        _index = index;
        _knobs = parts.Knobs;
    }

    /// <summary>Forgets what has been looked at.</summary>
    internal void Clear() => (_leaf, _first, _end) = (0, 0, 0);

    /// <summary>Whether a position has been looked at.</summary>
    internal bool Covers(uint leaf, int position) => leaf == _leaf && position >= _first && position < _end;

    /// <summary>Checksum of a page that was looked at, unless it maps another frame by now or was left out.</summary>
    internal bool TryTake(uint leaf, int position, Pte pte, out ulong checksum)
    {
        checksum = 0;
        if (!Covers(leaf, position) || _ptes[position - _first].Frame != pte.Frame)
        {
            return false;
        }

        checksum = _checksums[position - _first];
        return true;
    }

    /// <summary>Looks at some pages.</summary>
    /// <param name="ptes">The leaf of PTEs.</param>
    /// <param name="leaf">Its id.</param>
    /// <param name="itemLeaf">Leaf of their items; 0 while there is none.</param>
    /// <param name="position">First position.</param>
    /// <param name="limit">Most pages worth looking at.</param>
    internal void Fill(ref PteLeaf ptes, uint leaf, uint itemLeaf, int position, int limit)
    {
        (_leaf, _first) = (leaf, position);
        _end = int.Min(position + int.Min(limit, Window), PteLeaf.Length);
        for (int i = position; i < _end; i++)
        {
            Pte pte = ptes[i];
            _ptes[i - position] = pte.IsCounted ? pte : default;
            if (pte.IsCounted)
            {
                MemoryHint.Prefetch(ref _frames[pte.Frame]);
                PrefetchHead(pte);
            }
        }

        for (int i = position; i < _end; i++)
        {
            Pte pte = _ptes[i - position];
            if (!pte.IsCounted || !IsWorthwhile(pte, itemLeaf, i))
            {
                _ptes[i - position] = default;
                continue;
            }

            ulong checksum = PageChecksum.Hash64(
                in MemoryMarshal.GetReference(_frames.Content(pte.Frame)), (nuint)_frames.ContentSize);
            _checksums[i - position] = checksum;
            _index.Prefetch(checksum);
        }
    }

    // The hardware goes on by itself once a few lines have been asked for.
    private void PrefetchHead(Pte pte)
    {
        ref byte content = ref MemoryMarshal.GetReference(_frames.Content(pte.Frame));
        MemoryHint.Prefetch(in content);
    }

    private bool IsWorthwhile(Pte pte, uint itemLeaf, int position)
    {
        ref FrameRecord frame = ref _frames[pte.Frame];
        if (!frame.Has(FrameFlags.Anonymous) || frame.Has(FrameFlags.Ksm))
        {
            return false;
        }

        // Smart scan will skip it.
        return itemLeaf == 0 || !_knobs.SmartScan
            || _items[(itemLeaf << RmapItemLeaf.Shift) | (uint)position] is not { Age: >= SmartScan.FirstSkippingAge, RemainingSkips: not 0 };
    }
}
