using System;
using System.Collections.Generic;
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
    private const int RmapItemBytes = 64;

    private readonly Machine _machine;

    internal Ksm(Machine machine) => _machine = machine;

    /// <summary>Names of the files, in alphabetical order.</summary>
    public static IReadOnlyList<string> Files => KsmFiles.Names;

    /// <summary>CPU time that ksmd has used, as far as it was charged: what the advisor goes by.</summary>
    public TimeSpan CpuTime => TimeSpan.FromTicks(_machine.Merger.Advisor.CpuTime / TimeSpan.NanosecondsPerTick);

    /// <summary>
    /// Number of the machine in the event source "FastKsm"; one of its own for each machine of the program.
    /// </summary>
    public int EventSourceMachine => _machine.Events.Machine;

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
                GeneralProfit = Profit(sharing + zero, items, _machine.Options.PageSize),
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
                ChecksumsTaken = statistics.ChecksumsTaken,
                PagesSearched = statistics.PagesSearched,
                ZeroPagesPlaced = statistics.ZeroPagesPlaced,
                PagesCompared = _machine.Store.Frames.Comparisons,
                BorrowedPagesMet = _machine.Store.BorrowedPagesMet,
                HugePagesSplit = statistics.HugePagesSplit,
                PagesProtectedInVain = statistics.PagesProtectedInVain,
            };
        }
    }

    /// <summary>
    /// Listens to what merging does, as Linux's tracepoints tell it. The same events go to the event source "FastKsm".
    /// </summary>
    /// <remarks>
    /// Events are told in the order in which things happened, on the thread of an operation that made them happen, at its
    /// end and outside of all locks. A listener may read counters; if it calls the machine otherwise, that call throws.
    /// </remarks>
    /// <param name="listener">Receives each event from now on.</param>
    /// <returns>Dispose of it to listen no more.</returns>
    public IDisposable Listen(Action<KsmEvent> listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        _machine.ThrowIfDisposed();
        return _machine.Events.Listen(listener);
    }

    /// <summary>One wake-up of ksmd: at most pages_to_scan pages, and never beyond the end of a full scan.</summary>
    /// <returns>False when <c>run</c> is not 1, or no process has memory to merge: ksmd would have slept on.</returns>
    public bool Batch()
    {
        _machine.ThrowIfDisposed();
        bool ran = _machine.Merger.Batch();
        _machine.Events.Flush();
        return ran;
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

    /// <summary>
    /// Charges ksmd with CPU time; the host of the machine says how much, by whatever model or measurement.
    /// </summary>
    /// <param name="time">How much; not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is negative.</exception>
    public void ChargeCpuTime(TimeSpan time)
    {
        if (time < TimeSpan.Zero)
        {
            Throw.OutOfRange(nameof(time), time, "no negative time");
        }

        _machine.Merger.Advisor.Charge(time.Ticks * TimeSpan.NanosecondsPerTick);
    }

    /// <summary>Reads a file, without the newline that Linux ends it with.</summary>
    /// <param name="file">Its name.</param>
    /// <exception cref="ArgumentException">There is no such file.</exception>
    public string Read(string file)
    {
        _machine.ThrowIfDisposed();
        return KsmFiles.Find(file).Read(_machine);
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

        Errno error;
        try
        {
            error = text.Length == 0 ? Errno.None : _machine.Merger.Configure(_ => found.Write(_machine, text));
        }
        finally
        {
            _machine.Events.Flush();
        }

        if (error != Errno.None)
        {
            throw Refusal(file, text, error, error == Errno.Busy ? "pages are merged" : $"it takes {found.Accepts}");
        }
    }

    /// <summary>Linux's reckoning: bytes saved, less the records of all pages that were looked at.</summary>
    /// <param name="pages">Pages saved.</param>
    /// <param name="items">Records.</param>
    /// <param name="pageSize">Bytes in a page.</param>
    internal static long Profit(long pages, long items, int pageSize) => (pages * pageSize) - (items * RmapItemBytes);

    private static MemoryOperationException Refusal(string file, string text, Errno error, string reason) =>
        new($"Writing \"{text.TrimEnd('\n')}\" to {file} was refused: {reason} ({error}).", error);
}
