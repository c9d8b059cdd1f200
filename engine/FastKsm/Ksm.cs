using System;
using System.Collections.Generic;
using System.Globalization;
using FastKsm.Merging;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>Same-page merging of a machine: what ksmd does, and the files under /sys/kernel/mm/ksm.</summary>
/// <remarks>
/// Nothing happens by itself: the host says when ksmd wakes up. Thread safety: all members may be called concurrently, and
/// while CPUs run.
/// </remarks>
public sealed class Ksm
{
    /// <summary>Bytes by which Linux reckons a record of a page in its profits.</summary>
    internal const int RmapItemBytes = 64;

    private readonly Machine _machine;

    internal Ksm(Machine machine) => _machine = machine;

    /// <summary>Names of the files, in alphabetical order.</summary>
    public static IReadOnlyList<string> Files => KsmFiles.Names;

    /// <summary>The counters.</summary>
    public KsmCounters Counters
    {
        get
        {
            MergeCounters counters = _machine.Merger.Counters;
            long zero = _machine.KsmZeroPages;
            (long items, long shared, long sharing, long unshared) =
                (counters.RmapItems, counters.PagesShared, counters.PagesSharing, counters.PagesUnshared);
            return new KsmCounters
            {
                PagesShared = shared,
                PagesSharing = sharing,
                PagesUnshared = unshared,
                PagesVolatile = long.Max(0, items - shared - sharing - unshared),
                PagesScanned = counters.PagesScanned,
                PagesSkipped = counters.PagesSkipped,
                FullScans = counters.FullScans,
                KsmZeroPages = zero,
                GeneralProfit = ((sharing + zero) << _machine.Options.PageShift) - (items * RmapItemBytes),
                StableNodeChains = counters.Chains,
                StableNodeDups = counters.Dups,
                RmapItems = items,
            };
        }
    }

    /// <summary>What merging has done since the machine was made, and no file counts.</summary>
    public KsmStatistics Statistics
    {
        get
        {
            MergeStatistics statistics = _machine.Merger.Counters.Statistics;
            return new KsmStatistics
            {
                ChainsMade = statistics.ChainsMade,
                ChainsCollapsed = statistics.ChainsCollapsed,
                ChainsPruned = statistics.ChainsPruned,
                StaleNodesDiscarded = statistics.StaleNodesDiscarded,
                ZeroPagesPlaced = statistics.ZeroPagesPlaced,
                BorrowedPagesMet = _machine.Store.BorrowedPagesMet,
            };
        }
    }

    /// <summary>One wake-up of ksmd: at most pages_to_scan pages, and never beyond the end of a full scan.</summary>
    /// <returns>False when <c>run</c> is not 1, or no process has memory to merge: ksmd would have slept on.</returns>
    public bool Batch()
    {
        _machine.ThrowIfDisposed();
        return _machine.Merger.Batch();
    }

    /// <summary>Wakes ksmd until the full scan under way, or the next one, is complete.</summary>
    /// <returns>False when <c>run</c> is not 1, pages_to_scan is 0, or no process has memory to merge.</returns>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for records; what was scanned stays scanned.</exception>
    public bool Scan()
    {
        MergeCounters counters = _machine.Merger.Counters;
        long before = counters.FullScans;
        while (counters.FullScans == before)
        {
            long visits = counters.PagesScanned;
            if (_machine.Merger.Knobs.PagesToScan == 0 || !Batch())
            {
                return false;
            }

            if (counters.PagesScanned == visits && counters.FullScans == before)
            {
                throw new OutOfNativeMemoryException("The host has no memory for the records of scanned pages.");
            }
        }

        return true;
    }

    /// <summary>Reads a file, without the newline that Linux ends it with.</summary>
    /// <param name="file">Its name.</param>
    /// <exception cref="ArgumentException">There is no such file.</exception>
    public string Read(string file)
    {
        _machine.ThrowIfDisposed();
        return KsmFiles.Find(file).Read(_machine).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Writes a file.</summary>
    /// <param name="file">Its name.</param>
    /// <param name="text">What to write, as a shell would; nothing at all changes nothing.</param>
    /// <exception cref="ArgumentException">There is no such file.</exception>
    /// <exception cref="MemoryOperationException">Linux refuses the value, or refuses it now; nothing has changed.</exception>
    /// <exception cref="OutOfFramesException">No frame is free for a page to be unmerged; <c>run</c> is 0 then.</exception>
    public void Write(string file, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _machine.ThrowIfDisposed();
        KsmFiles.KsmFile found = KsmFiles.Find(file);
        if (found.Write is null)
        {
            throw Refusal(file, text, Errno.AccessDenied, "it can only be read");
        }

        Errno error = text.Length == 0 ? Errno.None : _machine.Merger.Configure(_ => found.Write(_machine, text));
        if (error != Errno.None)
        {
            throw Refusal(file, text, error, error == Errno.Busy ? "pages are merged" : $"it takes {found.Accepts}");
        }
    }

    private static MemoryOperationException Refusal(string file, string text, Errno error, string reason) =>
        new($"Writing \"{text.TrimEnd('\n')}\" to {file} was refused: {reason} ({error}).", error);
}
