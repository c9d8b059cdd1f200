using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Simd;

namespace FastKsm.Merging;

/// <summary>
/// Takes checksums of the next pages of a leaf and prefetches what their visits will read, a few pages at once.
/// </summary>
/// <remarks>
/// It changes nothing and decides nothing: a visit uses a checksum only if the page still maps the same frame. So what a scan
/// does is the same with any number of hashing threads. Frames are read without a lock; what is read while somebody writes is
/// as good a hint as any checksum of a page in use.
/// A window is one chunk, or with hashing threads the rest of a leaf: they run ahead through it while the scanner visits the
/// pages of the chunks that are done.
/// Thread safety: under the ksm mutex and the mm lock, shared; <see cref="HashChunk"/> by any hashing thread.
/// </remarks>
internal sealed class LookAhead : IDisposable
{
    /// <summary>Pages at once: enough to hide a miss, few enough that prefetched lines are still there.</summary>
    private const int Chunk = 16;

    // While one page is summed up, the first lines of the one after the next are on their way.
    private const int PagesAhead = 2;

    // A shorter batch is over before a thread has woken up.
    private const long LeastBatchForWorkers = 4 * PteLeaf.Length;

    private readonly PhysicalMemory _frames;
    private readonly RmapItemTable _items;
    private readonly IMergeIndex _index;
    private readonly MergeKnobs _knobs;
    private readonly HashWorkers? _workers;
    private readonly Pfn[] _looked = new Pfn[PteLeaf.Length];
    private readonly ulong[] _checksums = new ulong[PteLeaf.Length];
    private uint _leaf;
    private uint _itemLeaf;
    private int _first;
    private int _end;
    private int _ready;

    /// <param name="parts">What merging works on.</param>
    /// <param name="index">Where contents will be looked for.</param>
    /// <param name="threads">Threads that take checksums, the scanner's own among them.</param>
    internal LookAhead(MergeParts parts, IMergeIndex index, int threads)
    {
        Debug.Assert(PteLeaf.Length / Chunk <= HashWorkers.MostChunks, "A leaf is one window.");
        _frames = parts.Frames;
        _items = parts.Items;
        _index = index;
        _knobs = parts.Knobs;
        _workers = threads > 1 ? new HashWorkers(threads - 1, chunk => HashChunk(chunk, forVisits: false)) : null;
    }

    /// <summary>A batch begins. Forgets what has been looked at: it may have been written since.</summary>
    /// <param name="pages">Most pages of the batch.</param>
    internal void Begin(long pages)
    {
        Forget();
        if (pages >= LeastBatchForWorkers)
        {
            _workers?.Wake();
        }
    }

    /// <summary>The batch is over.</summary>
    internal void End()
    {
        Forget();
        _workers?.Sleep();
    }

    /// <summary>Whether a position has been looked at.</summary>
    internal bool Covers(uint leaf, int position) => leaf == _leaf && position >= _first && position < _end;

    /// <summary>Checksum of a page that was looked at, unless it maps another frame by now or was left out.</summary>
    internal bool TryTake(uint leaf, int position, Pte pte, out ulong checksum)
    {
        checksum = 0;
        if (!Covers(leaf, position))
        {
            return false;
        }

        while (position >= _ready)
        {
            int chunk = (_ready - _first) / Chunk;
            _workers!.Finish(chunk);
            PrefetchPlaces(chunk);
            _ready = EndOf(chunk);
        }

        checksum = _checksums[position];
        return _looked[position].IsSome && _looked[position] == pte.Frame;
    }

    /// <summary>Looks at some pages.</summary>
    /// <param name="table">The page table.</param>
    /// <param name="leaf">Its leaf.</param>
    /// <param name="itemLeaf">Leaf of their items; 0 while there is none.</param>
    /// <param name="position">First position.</param>
    /// <param name="limit">Most pages worth looking at.</param>
    internal void Fill(PageTable table, uint leaf, uint itemLeaf, int position, int limit)
    {
        Forget();
        bool shared = _workers is { IsAwake: true };
        (_leaf, _itemLeaf, _first) = (leaf, itemLeaf, position);
        _end = int.Min(position + int.Min(limit, shared ? PteLeaf.Length : Chunk), PteLeaf.Length);
        _ready = position;
        for (int i = position; i < _end; i++)
        {
            Pte pte = table.Look(leaf, i);
            _looked[i] = pte.IsCounted ? pte.Frame : Pfn.None;
            if (pte.IsCounted && i < position + Chunk)
            {
                _frames.PrefetchRecord(pte.Frame);
            }
        }

        if (shared)
        {
            _workers!.Publish((_end - _first + Chunk - 1) / Chunk);
            return;
        }

        HashChunk(0, forVisits: true);
        _ready = _end;
    }

    /// <inheritdoc/>
    public void Dispose() => _workers?.Dispose();

    private void Forget()
    {
        _workers?.Abandon();
        (_leaf, _first, _end) = (0, 0, 0);
    }

    private int EndOf(int chunk) => int.Min(_first + ((chunk + 1) * Chunk), _end);

    // Everything a page needs is asked for in between the sums of others: bursts of prefetches hold up the reading.
    private void HashChunk(int chunk, bool forVisits)
    {
        int start = _first + (chunk * Chunk);
        int end = EndOf(chunk);
        for (int i = start; i < int.Min(start + PagesAhead, end); i++)
        {
            Choose(i);
        }

        for (int i = start; i < end; i++)
        {
            if (i + PagesAhead < end)
            {
                Choose(i + PagesAhead);
            }

            Pfn frame = _looked[i];
            if (frame.IsSome)
            {
                ulong checksum = PageChecksum.Hash64(
                    in MemoryMarshal.GetReference(_frames.Content(frame)), (nuint)_frames.ContentSize);
                _checksums[i] = checksum;
                if (forVisits)
                {
                    _index.Prefetch(checksum);
                }
            }
        }
    }

    private void Choose(int position)
    {
        Pfn frame = _looked[position];
        if (frame.IsSome)
        {
            if (IsWorthwhile(frame, position))
            {
                _frames.PrefetchContent(frame);
            }
            else
            {
                _looked[position] = Pfn.None;
            }
        }
    }

    private void PrefetchPlaces(int chunk)
    {
        int end = EndOf(chunk);
        for (int i = _first + (chunk * Chunk); i < end; i++)
        {
            if (_looked[i].IsSome)
            {
                _index.Prefetch(_checksums[i]);
            }
        }
    }

    private bool IsWorthwhile(Pfn frame, int position)
    {
        ref FrameRecord record = ref _frames[frame];
        if (!record.Has(FrameFlags.Anonymous) || record.Has(FrameFlags.Ksm))
        {
            return false;
        }

        // Smart scan will skip it.
        return _itemLeaf == 0 || !_knobs.SmartScan
            || !SmartScan.WillSkip(in _items[(_itemLeaf << RmapItemLeaf.Shift) | (uint)position]);
    }
}
