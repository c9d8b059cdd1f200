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
    private PageCounts[] _counts = [];
    private MergeForecast _total;

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
    }

    /// <summary>Forecasts for all VMAs, or for some.</summary>
    /// <param name="countsByVma">Receives what becomes of each VMA's pages; one element a VMA.</param>
    /// <param name="marked">VMAs that would be mergeable; null for all.</param>
    internal MergeForecast Forecast(PageCounts[] countsByVma, bool[]? marked = null)
    {
        _counts = countsByVma;
        Array.Clear(_counts);
        _total = default;
        for (long start = 0, end; start < _table.Count; start = end)
        {
            ulong checksum = _table[start].Checksum;
            for (end = start + 1; end < _table.Count && _table[end].Checksum == checksum; end++)
            {
            }

            Take(_table.Slice(start, checked((int)(end - start))), marked);
        }

        return _total;
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
            if (pages[i].IsKsm)
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
        // A huge page is split at the first attempt to merge one of its pages: with the zero frame, or with another page.
        bool huge = _context.Host.SplitsDropZeroPages && (_useZeroPages || pages.Length > 1);
        List<PageRecord> rest = [];
        _zeroFrames.Clear();
        foreach (ref readonly PageRecord page in pages)
        {
            ref PageCounts counts = ref _counts[page.Vma];
            counts.ZeroContent++;
            if (huge && page.IsHuge)
            {
                counts.DroppedBySplit++;
                _total.DroppedBySplit++;
                _ = _zeroFrames.Add(page.Frame);
            }
            else if (_useZeroPages && !page.IsKsm)
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
}
