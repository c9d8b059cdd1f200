using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Tests.Model;

/// <summary>Predicts what ksmd makes of pages that nobody writes, starting with nothing merged.</summary>
/// <remarks>
/// From the written rules alone, with dictionaries of contents: two looks at a page before anything is done, the frame of
/// the later page survives, frames that are full are found by nobody, pages of one frame never merge with each other.
/// Exact as long as no content changes, nothing is borrowed and no merged frame dies, so no tree and no clock is needed.
/// Huge pages are taken apart by the first try to merge one of their pages, which loses their pages of zeroes; two pages of
/// one huge page merge in another scan than that in which they meet. Should a page be lost that the unstable tree
/// names, then the searches whose path leads over it find nothing until the end of the scan, and which ones
/// these are only the shape of the tree says: from there on nothing is predicted.
/// </remarks>
internal sealed class NaiveMerger
{
    private readonly List<NaivePage> _pages;
    private readonly int _maxPageSharing;
    private readonly bool _useZeroPages;
    private readonly bool _smartScan;
    private readonly bool _splitsLoseZeroes;
    private readonly Dictionary<(ulong, int), List<Pfn>> _frames = [];
    private readonly Dictionary<Pfn, int> _filed = [];
    private readonly Dictionary<(ulong, int), NaivePage> _unstable = [];
    private readonly HashSet<Pfn> _whole;

    /// <param name="pages">Candidates in the order in which they are visited; none is merged.</param>
    /// <param name="maxPageSharing">Pages on one frame.</param>
    /// <param name="useZeroPages">Whether pages of zeroes map the zero frame.</param>
    /// <param name="smartScan">Whether pages that have not merged are visited less and less often.</param>
    /// <param name="splitsLoseZeroes">Whether a huge page that is taken apart loses its pages of zeroes.</param>
    internal NaiveMerger(List<NaivePage> pages, int maxPageSharing, bool useZeroPages, bool smartScan, bool splitsLoseZeroes)
    {
        _splitsLoseZeroes = splitsLoseZeroes;
        _pages = pages;
        _maxPageSharing = maxPageSharing;
        _useZeroPages = useZeroPages;
        _smartScan = smartScan;
        _whole = [.. pages.Select(page => page.HugePage).Where(huge => huge.IsSome)];
    }

    /// <summary>Whether all that has been lost was not in the unstable tree, so that what is counted is exact.</summary>
    internal bool IsExact { get; private set; } = true;

    /// <summary>Huge pages that have been taken apart.</summary>
    internal int HugePagesSplit { get; private set; }

    internal long Scanned { get; private set; }

    internal long Skipped { get; private set; }

    internal long Scans { get; private set; }

    /// <summary>Counters of the machine, as far as they are of these pages.</summary>
    internal KsmCounters Counters
    {
        get
        {
            long items = _pages.Count(page => page.HasItem);
            long shared = _filed.Count;
            long sharing = _filed.Values.Sum(count => (long)count) - shared;
            long zero = _pages.Count(IsZeroPage);
            List<Pfn>[] chains = [.. _frames.Values.Where(frames => frames.Count > 1)];
            return new KsmCounters
            {
                PagesShared = shared,
                PagesSharing = sharing,
                PagesUnshared = _unstable.Count,
                PagesVolatile = items - shared - sharing - _unstable.Count,
                PagesScanned = Scanned,
                PagesSkipped = Skipped,
                FullScans = Scans,
                KsmZeroPages = zero,
                GeneralProfit = ((sharing + zero) * 4096) - (items * 64),
                StableNodeChains = chains.Length,
                StableNodeDups = chains.Sum(frames => frames.Count),
                RmapItems = items,
            };
        }
    }

    /// <summary>Records, merged pages and zero pages of a process.</summary>
    internal (long Items, long Merging, long Zero) CountsOf(int owner)
    {
        NaivePage[] own = [.. _pages.Where(page => page.Owner == owner)];
        return (own.Count(page => page.HasItem), own.Count(page => page.FiledUnder.IsSome), own.Count(IsZeroPage));
    }

    /// <summary>One full scan.</summary>
    internal void Scan()
    {
        _unstable.Clear();
        foreach (NaivePage page in _pages)
        {
            // A page that maps the zero frame is no candidate any more; its record goes when the scan passes it.
            page.HasItem = page.Frame.IsSome;
            if (!page.HasItem)
            {
                continue;
            }

            if (_smartScan && !_filed.ContainsKey(page.Frame) && IsSkipped(page))
            {
                Skipped++;
                continue;
            }

            Scanned++;
            Visit(page);
        }

        Scans++;
    }

    private static bool IsZeroPage(NaivePage page) => !page.Frame.IsSome && !page.IsLost;

    private static bool IsSkipped(NaivePage page)
    {
        int age = page.Age++;
        if (age < 3)
        {
            return false;
        }

        if (page.SkipsLeft == 0)
        {
            page.SkipsLeft = age switch { 3 => 1, 4 or 5 => 2, 6 or 7 or 8 => 4, _ => 8 };
            return false;
        }

        page.SkipsLeft--;
        return true;
    }

    private void Visit(NaivePage page)
    {
        if (_filed.ContainsKey(page.Frame))
        {
            // It shares a merged frame since a fork: it joins, even beyond the limit.
            if (page.FiledUnder != page.Frame)
            {
                File(page, page.Frame);
            }

            return;
        }

        if (!page.WasSeen)
        {
            page.WasSeen = true;
        }
        else if (_useZeroPages && page.Content.Value == 0)
        {
            // Lost, it goes on to the unstable tree.
            IsExact &= TakeApart(page);
            page.Frame = Pfn.None;
        }
        else if (FrameWithRoom(page.Content) is { IsSome: true } frame)
        {
            if (TakeApart(page))
            {
                page.Frame = frame;
                File(page, frame);
            }
        }
        else if (!_unstable.TryGetValue(page.Content, out NaivePage? met))
        {
            _unstable.Add(page.Content, page);
        }
        else if (met.Frame != page.Frame)
        {
            bool together = page.HugePage.IsSome && page.HugePage == met.HugePage && _whole.Contains(page.HugePage);
            if (TakeApart(page) && !together && TakeApart(met))
            {
                Merge(met, page);
            }
        }
    }

    private void Merge(NaivePage met, NaivePage page)
    {
        _ = _unstable.Remove(page.Content);
        met.Frame = page.Frame;
        if (!_frames.TryGetValue(page.Content, out List<Pfn>? frames))
        {
            _frames.Add(page.Content, frames = []);
        }

        frames.Insert(0, page.Frame);
        _filed.Add(page.Frame, 0);
        File(met, page.Frame);
        File(page, page.Frame);
    }

    // Whether the page still has its frame afterwards.
    private bool TakeApart(NaivePage page)
    {
        if (_whole.Remove(page.HugePage))
        {
            HugePagesSplit++;
            foreach (NaivePage lost in _pages.Where(other => _splitsLoseZeroes && other.HugePage == page.HugePage && other.Content.Value == 0 && other.Frame.IsSome))
            {
                (lost.Frame, lost.IsLost) = (Pfn.None, true);
                IsExact &= !_unstable.ContainsValue(lost);
            }
        }

        return page.Frame.IsSome;
    }

    private void File(NaivePage page, Pfn frame)
    {
        page.FiledUnder = frame;
        _filed[frame]++;
    }

    // The first with room, from the newest on; it comes to the front, unless this is the last that it takes.
    private Pfn FrameWithRoom((ulong Value, int Node) content)
    {
        if (!_frames.TryGetValue(content, out List<Pfn>? frames))
        {
            return Pfn.None;
        }

        Pfn found = frames.FirstOrDefault(frame => _filed[frame] < _maxPageSharing);
        if (found.IsSome && _filed[found] + 1 < _maxPageSharing)
        {
            _ = frames.Remove(found);
            frames.Insert(0, found);
        }

        return found;
    }
}
