using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Forecasts the counters at which ksmd settles, from sorted page records.</summary>
/// <remarks>
/// One sweep: equal checksums lie side by side, each such content is followed alone (<see cref="ContentClass"/>), and the
/// counters are sums. Pages of zeroes have rules of their own: they are replaced by the zero frame where that is switched
/// on, and those inside huge pages go when the huge page is split.
/// Thread safety: one thread at a time.
/// </remarks>
internal sealed class SteadyState
{
    private readonly PageRecordTable _table;
    private readonly EvaluationContext _context;
    private readonly bool _mayHaveChanged;
    private readonly bool _useZeroPages;
    private readonly int _maxPageSharing;
    private readonly ContentClass _content;
    private readonly List<PageRecord> _scratch = [];
    private readonly HashSet<ulong> _zeroFrames = [];
    private readonly long[] _uniquesByVma;
    private PageCounts[] _counts = [];
    private MergeForecast _total;

    /// <summary>Takes the records; those of pages without an equal one are dropped from the table.</summary>
    /// <param name="table">The records, sorted.</param>
    /// <param name="context">VMAs and host.</param>
    /// <param name="options">The assumed settings.</param>
    internal SteadyState(PageRecordTable table, EvaluationContext context, EvaluationOptions options)
    {
        _table = table;
        _context = context;
        _mayHaveChanged = options.Observe > TimeSpan.Zero;
        _useZeroPages = options.UseZeroPages;
        _maxPageSharing = options.MaxPageSharing;
        _content = new ContentClass(options.MaxPageSharing);
        _uniquesByVma = new long[context.VmaCount];
        SetUniquesApart();
    }

    /// <summary>Forecasts for all VMAs, or for some.</summary>
    /// <param name="countsByVma">Receives what becomes of each VMA's pages; one element a VMA.</param>
    /// <param name="marked">VMAs that would be mergeable; null for all.</param>
    internal MergeForecast Forecast(PageCounts[] countsByVma, bool[]? marked = null)
    {
        _counts = countsByVma;
        Array.Clear(_counts);
        _total = default;
        TakeUniques(marked);
        for (int start = 0, end; start < _table.Count; start = end)
        {
            end = EndOfContent(start);
            Take(_table.Slice(start, end - start), marked);
        }

        return _total;
    }

    private int EndOfContent(int start)
    {
        ulong checksum = _table[start].Checksum;
        int end = start + 1;
        while (end < _table.Count && _table[end].Checksum == checksum)
        {
            end++;
        }

        return end;
    }

    // Whatever is marked, a page without an equal one stays alone: such pages are counted by VMA, and their records go.
    private void SetUniquesApart()
    {
        int kept = 0;
        for (int start = 0, end; start < _table.Count; start = end)
        {
            end = EndOfContent(start);
            ref PageRecord first = ref _table[start];
            if (end == start + 1 && !first.IsKsm && !first.HasChanged && first.Checksum != _context.ZeroChecksum)
            {
                _uniquesByVma[first.Vma]++;
                continue;
            }

            _table.Slice(start, end - start).CopyTo(_table.Slice(kept, end - start));
            kept += end - start;
        }

        _table.Truncate(kept);
    }

    private void TakeUniques(bool[]? marked)
    {
        long uniques = 0;
        for (int vma = 0; vma < _uniquesByVma.Length; vma++)
        {
            if (marked is null || marked[vma])
            {
                _counts[vma].Pages = _uniquesByVma[vma];
                uniques += _uniquesByVma[vma];
            }
        }

        _total.RmapItems = uniques;
        _total.PagesUnshared = uniques;
        _total.FramesBefore = uniques;
        _total.FramesAfter = uniques;
    }

    private void Take(ReadOnlySpan<PageRecord> pages, bool[]? marked)
    {
        if (marked is not null || _mayHaveChanged)
        {
            pages = Select(pages, marked);
        }

        foreach (ref readonly PageRecord page in pages)
        {
            _counts[page.Vma].Pages++;
        }

        _total.RmapItems += pages.Length;
        if (pages.Length > 0 && pages[0].Checksum == _context.ZeroChecksum)
        {
            TakeZeroes(pages);
        }
        else
        {
            TakeEqual(pages);
        }
    }

    // Pages that can merge. One that changes while it is watched has another checksum at every visit, and stays out.
    private ReadOnlySpan<PageRecord> Select(ReadOnlySpan<PageRecord> pages, bool[]? marked)
    {
        _scratch.Clear();
        foreach (ref readonly PageRecord page in pages)
        {
            if (marked is not null && !marked[page.Vma])
            {
                continue;
            }

            if (page.HasChanged)
            {
                _counts[page.Vma].Pages++;
                _counts[page.Vma].Changed++;
                _total.RmapItems++;
                _total.PagesVolatile++;
                _total.FramesBefore++;
                _total.FramesAfter++;
            }
            else
            {
                _scratch.Add(page);
            }
        }

        return CollectionsMarshal.AsSpan(_scratch);
    }

    private void TakeEqual(ReadOnlySpan<PageRecord> pages)
    {
        if (pages.Length == 0)
        {
            return;
        }

        if (pages.Length == 1 && !pages[0].IsKsm)
        {
            _total.PagesUnshared++;
            _total.FramesBefore++;
            _total.FramesAfter++;
            return;
        }

        if (AreAllMergeableAtOnce(pages))
        {
            AddNodes(nodes: 1, merged: pages.Length);
            _total.FramesBefore += pages.Length;
            _total.FramesAfter++;
            AttributeDuplicates(pages, allMerged: true);
            return;
        }

        _content.Follow(pages);
        AddNodes(_content.NodeCount, _content.Merged);
        _total.PagesUnshared += _content.Unshared;
        _total.PagesVolatile += pages.Length - _content.Merged - _content.Unshared;
        _total.FramesBefore += _content.FramesBefore;
        _total.FramesAfter += _content.FramesAfter;
        AttributeDuplicates(pages, allMerged: false);
    }

    private void AddNodes(int nodes, int merged)
    {
        _total.PagesShared += nodes;
        _total.PagesSharing += merged - nodes;
        if (nodes > 1)
        {
            _total.StableNodeChains++;
            _total.StableNodeDups += nodes;
        }
    }

    // The common case, decided without following the scans: few pages, each on a frame of its own, none merged yet.
    private bool AreAllMergeableAtOnce(ReadOnlySpan<PageRecord> pages)
    {
        const int ComparedPairwise = 16;
        if (pages.Length > _maxPageSharing || pages.Length > ComparedPairwise)
        {
            return false;
        }

        for (int i = 0; i < pages.Length; i++)
        {
            if (pages[i].IsKsm || pages[i].IsPinned)
            {
                return false;
            }

            for (int j = 0; j < i; j++)
            {
                if (pages[j].Frame == pages[i].Frame)
                {
                    return false;
                }
            }
        }

        return true;
    }

    // The order of visits keeps a process's pages together, so its first merged page is told by its predecessor.
    private void AttributeDuplicates(ReadOnlySpan<PageRecord> pages, bool allMerged)
    {
        LiveProcess? first = null;
        bool severalProcesses = false;
        for (int i = 0; i < pages.Length && !severalProcesses; i++)
        {
            if (allMerged || _content.IsMerged(i))
            {
                LiveProcess process = _context.Vma(pages[i].Vma).Process;
                severalProcesses = first is not null && !ReferenceEquals(first, process);
                first ??= process;
            }
        }

        LiveProcess? previous = null;
        for (int i = 0; i < pages.Length; i++)
        {
            if (!allMerged && !_content.IsMerged(i))
            {
                continue;
            }

            ref PageCounts counts = ref _counts[pages[i].Vma];
            LiveProcess process = _context.Vma(pages[i].Vma).Process;
            counts.Merging++;
            if (ReferenceEquals(process, previous))
            {
                counts.DuplicatesInside++;
            }
            else if (severalProcesses)
            {
                counts.DuplicatesWithOthers++;
            }

            previous = process;
        }
    }

    private void TakeZeroes(ReadOnlySpan<PageRecord> pages)
    {
        bool mayDrop = _context.Host.SplitsDropZeroPages;
        ulong? survivor = mayDrop && !_useZeroPages ? FrameThatSurvivesSplits(pages) : null;
        List<PageRecord> rest = [];
        _zeroFrames.Clear();
        foreach (ref readonly PageRecord page in pages)
        {
            ref PageCounts counts = ref _counts[page.Vma];
            counts.ZeroContent++;
            if (mayDrop && page.IsHuge && !page.IsPinned && page.Frame != survivor)
            {
                counts.DroppedBySplit++;
                _total.DroppedBySplit++;
                _ = _zeroFrames.Add(page.Frame);
            }
            else if (_useZeroPages && !page.IsKsm && !page.IsPinned)
            {
                counts.PlacedZero++;
                _total.KsmZeroPages++;
                _ = _zeroFrames.Add(page.Frame);
            }
            else
            {
                rest.Add(page);
            }
        }

        _total.FramesBefore += _zeroFrames.Count;
        _total.RmapItems -= pages.Length - rest.Count;
        TakeEqual(CollectionsMarshal.AsSpan(rest));
    }

    // A huge page is split at the first attempt to merge one of its pages, and loses all its pages of zeroes then. Where
    // there is no small page of zeroes, the first one to be visited waits in the unstable tree and is not split itself; if
    // it is the only one of its huge page, no other attempt splits that. Seen on Linux 6.18 in this very form.
    private static ulong? FrameThatSurvivesSplits(ReadOnlySpan<PageRecord> pages)
    {
        const int HugePageShift = 9;
        ulong first = pages[0].Frame;
        foreach (ref readonly PageRecord page in pages)
        {
            bool isTwin = page.Frame == first;
            if (!page.IsHuge || (!isTwin && page.Frame >> HugePageShift == first >> HugePageShift))
            {
                return null;
            }
        }

        return first;
    }
}
