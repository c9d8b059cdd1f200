using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using FastKsm.Cli.Evaluation.Owners;
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
    private const int ScansToMerge = 2;
    private const int ScansToForgetRecords = 3;

    private readonly PageRecordTable _table;
    private readonly EvaluationContext _context;
    private readonly bool _mayHaveChanged;
    private readonly bool _useZeroPages;
    private readonly int _maxPageSharing;
    private readonly ContentClass _content;
    private readonly List<PageRecord> _scratch = [];
    private readonly HashSet<ulong> _distinctFrames = [];
    private readonly FolioOutcome _outcome;
    private readonly StillPages _still;
    private readonly long[] _uniquesByVma;
    private PageCounts[] _counts = [];
    private MergeForecast _total;
    private MergeForecast _today;
    private ForecastMode _mode;
    private OwnerDivision? _division;

    /// <summary>Takes the records; those of pages without an equal one are dropped from the table.</summary>
    /// <param name="table">The records, sorted.</param>
    /// <param name="context">VMAs and host.</param>
    /// <param name="options">The assumed settings.</param>
    /// <param name="folios">Folios with pages of zeroes; null to look for them.</param>
    internal SteadyState(PageRecordTable table, EvaluationContext context, EvaluationOptions options, FolioMap? folios = null)
    {
        _table = table;
        _context = context;
        _mayHaveChanged = options.Observe > TimeSpan.Zero;
        _useZeroPages = options.UseZeroPages;
        _maxPageSharing = options.MaxPageSharing;
        _content = new ContentClass(options.MaxPageSharing);
        _uniquesByVma = new long[context.VmaCount];
        _outcome = new FolioOutcome(folios ?? FolioMap.Find(table, context));
        _still = new StillPages(context);
        SetUniquesApart();
    }

    /// <summary>
    /// Full scans until the last forecast stands, if no huge page with zeroes has to be taken apart before: two merge, and one more
    /// forgets the records of pages that went.
    /// </summary>
    internal int Scans { get; private set; } = ScansToMerge;

    /// <summary>Pages that changed while they were watched.</summary>
    internal long ChangedPages { get; private set; }

    /// <summary>What is merged before the first scan.</summary>
    internal MergeForecast Today { get; private set; }

    /// <summary>Forecasts for all VMAs, or for some.</summary>
    /// <param name="countsByVma">Receives what becomes of each VMA's pages; one element a VMA.</param>
    /// <param name="marked">VMAs that would be mergeable; null for all.</param>
    /// <param name="mode">Which pages stand still.</param>
    /// <param name="division">Receives whose the saving is; null for nobody.</param>
    internal MergeForecast Forecast(
        PageCounts[] countsByVma, bool[]? marked = null, ForecastMode mode = ForecastMode.AsObserved, OwnerDivision? division = null)
    {
        _mode = mode;
        _division = division;
        _counts = countsByVma;
        Array.Clear(_counts);
        _total = default;
        _today = default;
        Scans = ScansToMerge;
        _outcome.Begin();
        TakeUniques(marked);
        List<(int Start, int Length)> zeroes = [];
        for (int start = 0, end; start < _table.Count; start = end)
        {
            end = EndOfContent(start);
            if (_context.IsZeroContent(_table[start].Checksum))
            {
                zeroes.Add((start, end - start));
                continue; // They come last: which folios are taken apart for the others is known by then.
            }

            Take(_table.Slice(start, end - start), marked);
        }

        foreach ((int start, int length) in zeroes)
        {
            Take(_table.Slice(start, length), marked);
        }

        Today = _today with
        {
            PagesVolatile = _today.RmapItems - _today.PagesShared - _today.PagesSharing,
            FramesBefore = _total.FramesBefore,
            FramesAfter = _total.FramesBefore,
        };
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
            if (end == start + 1 && !first.IsKsm && !first.HasChanged && !_context.IsZeroContent(first.Checksum))
            {
                _uniquesByVma[first.Vma]++;
                continue;
            }

            foreach (ref readonly PageRecord page in _table.Slice(start, end - start))
            {
                ChangedPages += page.HasChanged ? 1 : 0;
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

        _today.RmapItems = uniques;
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
        CountMerged(pages);
        if (pages.Length > 0 && _context.IsZeroContent(pages[0].Checksum))
        {
            TakeZeroes(pages);
        }
        else
        {
            TakeEqual(pages);
        }
    }

    private void CountMerged(ReadOnlySpan<PageRecord> pages)
    {
        _today.RmapItems += pages.Length;
        _distinctFrames.Clear();
        int merged = 0;
        foreach (ref readonly PageRecord page in pages)
        {
            if (page.IsKsm)
            {
                merged++;
                _ = _distinctFrames.Add(page.Frame);
            }
        }

        _today.PagesShared += _distinctFrames.Count;
        _today.PagesSharing += merged - _distinctFrames.Count;
    }

    // Pages that can merge. One that changes while it is watched has another checksum at every visit, and stays out.
    private ReadOnlySpan<PageRecord> Select(ReadOnlySpan<PageRecord> pages, bool[]? marked)
    {
        _still.Begin(pages, _mode);
        _scratch.Clear();
        foreach (ref readonly PageRecord page in pages)
        {
            if (marked is not null && !marked[page.Vma])
            {
                continue;
            }

            if (_still.Moves(in page))
            {
                _counts[page.Vma].Pages++;
                _counts[page.Vma].Changed++;
                _today.RmapItems++;
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
            _outcome.Merge(pages, content: null);
            _division?.Take(pages, framesAfter: 1);
            return;
        }

        _content.Follow(pages);
        AddNodes(_content.NodeCount, _content.Merged);
        _total.PagesUnshared += _content.Unshared;
        _total.PagesVolatile += pages.Length - _content.Merged - _content.Unshared;
        _total.FramesBefore += _content.FramesBefore;
        _total.FramesAfter += _content.FramesAfter;
        AttributeDuplicates(pages, allMerged: false);
        _outcome.Merge(pages, _content);
        _division?.Take(pages, _content.FramesAfter);
        Scans = Math.Max(Scans, _content.Scans + 1);
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

    // Pages of zeroes in a large folio go when it is taken apart. That happens at the first attempt to merge any of its pages.
    private void TakeZeroes(ReadOnlySpan<PageRecord> pages)
    {
        _outcome.BeginZeroes(pages, _useZeroPages);
        List<PageRecord> rest = [];
        _distinctFrames.Clear();
        foreach (ref readonly PageRecord page in pages)
        {
            ref PageCounts counts = ref _counts[page.Vma];
            counts.ZeroContent++;
            if (!page.IsPinned && _outcome.Goes(in page))
            {
                counts.DroppedBySplit++;
                _total.DroppedBySplit++;
                CountGone(in page);
            }
            else if (_useZeroPages && !page.IsKsm && !page.IsPinned)
            {
                counts.PlacedZero++;
                _total.KsmZeroPages++;
                CountGone(in page);
            }
            else
            {
                rest.Add(page);
            }
        }

        if (_total.KsmZeroPages > 0)
        {
            Scans = Math.Max(Scans, ScansToForgetRecords);
        }

        _total.FramesBefore += _distinctFrames.Count;
        _total.RmapItems -= pages.Length - rest.Count;
        TakeEqual(CollectionsMarshal.AsSpan(rest));
    }

    private void CountGone(in PageRecord page)
    {
        if (_distinctFrames.Add(page.Frame))
        {
            _division?.TakeGone(in page);
        }
    }
}
