using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Owners;

/// <summary>Divides what merging saves into what is saved within each owner and what is saved across owners.</summary>
/// <remarks>
/// <para>
/// Content by content, so that the parts add up to the whole. The copies of a content are its frames, and each address on a KSM page of
/// today counts as a copy, since it would be one without merging. A frame that fork shares belongs to the owner visited first. Let
/// owner o have f(o) copies, let the limit of sharers be M, and let s copies be saved in all. Then, owners in the order of visits,
/// </para>
/// <para>
/// within o = min(f(o) - ceil(f(o) / M), what is left of s); across = what is left of s after all owners.
/// </para>
/// <para>
/// Below the limit that is f(o) - 1 within each owner, and the number of owners less one across. One saving across is booked to each
/// owner but the first, since that one would have needed the page anyway. Pages that go without a partner (zeroes that become the zero
/// frame, zeroes of huge pages that are taken apart) are saved within their owner.
/// </para>
/// <para>Thread safety: one thread at a time.</para>
/// </remarks>
internal sealed class OwnerDivision
{
    private const int ComparedPairwise = 16;

    private readonly OwnerTable _owners;
    private readonly int _maxPageSharing;
    private readonly long[] _within;
    private readonly long[] _across;
    private readonly long[] _shared;
    private readonly long[] _copies;
    private readonly List<int> _seen = [];
    private readonly HashSet<ulong> _frames = [];

    /// <param name="owners">Whose the pages are.</param>
    /// <param name="maxPageSharing">Addresses that share one frame at most; at least 2.</param>
    internal OwnerDivision(OwnerTable owners, int maxPageSharing)
    {
        _owners = owners;
        _maxPageSharing = maxPageSharing;
        int count = owners.Names.Count;
        _within = new long[count];
        _across = new long[count];
        _shared = new long[count];
        _copies = new long[count];
    }

    /// <summary>Frames that each owner saves by itself, in the order of <see cref="OwnerTable.Names"/>.</summary>
    internal ReadOnlySpan<long> Within => _within;

    /// <summary>Frames saved across owners, booked to the later ones.</summary>
    internal ReadOnlySpan<long> Across => _across;

    /// <summary>Pages that would share a frame with another owner's.</summary>
    internal ReadOnlySpan<long> Shared => _shared;

    /// <summary>Takes pages of one content, of which a number of frames stays.</summary>
    /// <param name="pages">The pages, in the order of visits.</param>
    /// <param name="framesAfter">Frames that they take when ksmd has settled.</param>
    internal void Take(ReadOnlySpan<PageRecord> pages, int framesAfter)
    {
        if (pages.Length < 2)
        {
            return;
        }

        long left = CountCopies(pages) - framesAfter;
        bool isShared = left > 0 && _seen.Count > 1;
        foreach (int owner in _seen)
        {
            long own = Math.Min(_copies[owner] - ((_copies[owner] + _maxPageSharing - 1) / _maxPageSharing), left);
            _within[owner] += own;
            left -= own;
        }

        for (int i = 1; i < _seen.Count && left > 0; i++, left--)
        {
            _across[_seen[i]]++;
        }

        _within[_seen[^1]] += left; // Nothing is left here but where a merged page of today held more than the limit.
        if (isShared)
        {
            foreach (ref readonly PageRecord page in pages)
            {
                _shared[_owners.OwnerOf(in page)]++;
            }
        }
    }

    /// <summary>Takes a page whose frame goes without a partner.</summary>
    internal void TakeGone(in PageRecord page) => _within[_owners.OwnerOf(in page)]++;

    /// <summary>Takes pages that the zero frame has replaced already.</summary>
    internal void TakeZeroPagesOfToday()
    {
        for (int process = 0; process < _owners.Processes.Count; process++)
        {
            LiveProcesses.LiveProcess one = _owners.Processes[process];
            _within[_owners.OwnerOfProcess(process)] += one.Status == LiveProcesses.ReadStatus.Read ? one.KsmZeroPages : 0;
        }
    }

    /// <summary>
    /// Takes the difference between this forecast and one that was followed scan by scan, where the order of visits decides about a page
    /// of zeroes: it is booked to the owner that saves most by itself.
    /// </summary>
    internal void Adjust(long frames)
    {
        if (frames != 0 && _within.Length > 0)
        {
            _within[Array.IndexOf(_within, Max(_within))] += frames;
        }
    }

    private static long Max(long[] values)
    {
        long most = values[0];
        foreach (long value in values)
        {
            most = Math.Max(most, value);
        }

        return most;
    }

    // Afterwards _seen has the owners in the order of visits, and _copies how many copies each has.
    private long CountCopies(ReadOnlySpan<PageRecord> pages)
    {
        _seen.Clear();
        if (pages.Length > ComparedPairwise)
        {
            _frames.Clear();
        }

        long all = 0;
        for (int i = 0; i < pages.Length; i++)
        {
            int owner = _owners.OwnerOf(in pages[i]);
            if (!pages[i].IsKsm && !IsFirstOnItsFrame(pages, i))
            {
                continue;
            }

            if (!_seen.Contains(owner))
            {
                _seen.Add(owner);
                _copies[owner] = 0;
            }

            _copies[owner]++;
            all++;
        }

        return all;
    }

    private bool IsFirstOnItsFrame(ReadOnlySpan<PageRecord> pages, int index)
    {
        if (pages.Length > ComparedPairwise)
        {
            return _frames.Add(pages[index].Frame);
        }

        for (int i = 0; i < index; i++)
        {
            if (pages[i].Frame == pages[index].Frame)
            {
                return false;
            }
        }

        return true;
    }
}
