using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Finds the pages of processes, one process after the other, and hands them over in batches.</summary>
/// <remarks>
/// A page's ordinal is ksmd's order of visits: processes in order, addresses ascending. A batch gets its ordinals when it
/// is handed over, so a thread that is left behind within a process leaves no gap.
/// Thread safety: one thread at a time; another one may take over from a thread that was given up.
/// </remarks>
internal sealed class PageFinder
{
    private readonly IReadOnlyList<int> _pids;
    private readonly PageRecordTable _table;
    private readonly EvaluationContext _context;
    private readonly EvaluationOptions _options;
    private readonly EvaluationProgress _progress;
    private readonly Action<PageBatch> _handOver;
    private readonly Func<PageBatch> _newBatch;
    private readonly AddressSpaceIndex _spaces;
    private readonly List<LiveProcess> _processes = [];
    private int _next;

    /// <param name="pids">Processes, in the order in which ksmd would visit them.</param>
    /// <param name="table">Receives room for the records.</param>
    /// <param name="context">Receives the VMAs.</param>
    /// <param name="options">What counts.</param>
    /// <param name="progress">Told how far it has come.</param>
    /// <param name="newBatch">Gives an empty batch.</param>
    /// <param name="handOver">Takes a full one; waits while there are too many.</param>
    internal PageFinder(
        IReadOnlyList<int> pids,
        PageRecordTable table,
        EvaluationContext context,
        EvaluationOptions options,
        EvaluationProgress progress,
        Func<PageBatch> newBatch,
        Action<PageBatch> handOver)
    {
        _pids = pids;
        _table = table;
        _context = context;
        _options = options;
        _progress = progress;
        _newBatch = newBatch;
        _handOver = handOver;
        _spaces = new AddressSpaceIndex(context.Mount);
    }

    /// <summary>The processes that existed, in the order given.</summary>
    internal IReadOnlyList<LiveProcess> Processes => _processes;

    /// <summary>Finds the pages of all processes that are left.</summary>
    internal void Run(CallWatch watch, CancellationToken cancellation)
    {
        while (_next < _pids.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            watch.Process = null;
            watch.Pid = _pids[_next++];
            if (LiveProcess.Open(watch.Pid, _context.Mount) is { } process)
            {
                _processes.Add(process);
                watch.Process = process;
                if (process.Status == ReadStatus.Read && _spaces.FindSame(process) is { } same)
                {
                    process.FailAsSame(same);
                }

                if (process.Status == ReadStatus.Read)
                {
                    FindPages(process);
                }

                process.EndUse();
            }

            _progress.Opened();
        }
    }

    /// <summary>Counts the process at which a thread was given up as one that does not answer.</summary>
    internal void PassBy(CallWatch watch)
    {
        if (watch.Process is { } process)
        {
            process.Fail(ReadStatus.Blocked);
            process.EndUse();
        }
        else
        {
            _processes.Add(ProcessOpener.Unread(watch.Pid, ReadStatus.Blocked, reason: null));
        }

        _progress.Opened();
    }

    private VmaEligibility EligibilityOf(in Vma vma) =>
        vma.Eligibility is VmaEligibility.Eligible && _options.OnlyMarked && !vma.IsMarked
            ? VmaEligibility.NotMarked
            : vma.Eligibility;

    private void FindPages(LiveProcess process)
    {
        PagemapScan scan = new();
        RunCutter cutter = new(this, process);
        foreach (Vma vma in process.ReadVmas())
        {
            VmaEligibility eligibility = EligibilityOf(vma);
            cutter.Vma = _context.Add(new VmaInProcess(process, vma, eligibility));
            if (eligibility != VmaEligibility.Eligible || vma.AnonymousBytes == 0)
            {
                continue;
            }

            // A VMA without a hole need not be searched; smaps has just counted its pages.
            if (vma.AnonymousBytes == vma.Length)
            {
                cutter.Found(vma.Start, (long)(vma.Length / (ulong)Environment.SystemPageSize), isHuge: false);
            }
            else if (!scan.Visit(process.Pagemap!, vma.Start, vma.End, ref cutter))
            {
                process.Fail(ReadStatus.Exited);
            }
        }

        cutter.Flush();
    }

    /// <summary>Cuts the runs that a scan finds into batches and hands those over.</summary>
    private struct RunCutter : PagemapScan.IRunVisitor
    {
        private readonly PageFinder _finder;
        private readonly LiveProcess _process;
        private PageBatch? _batch;

        internal RunCutter(PageFinder finder, LiveProcess process)
        {
            _finder = finder;
            _process = process;
        }

        /// <summary>Position of the VMA that is being scanned.</summary>
        internal int Vma { get; set; }

        public void Found(ulong start, long pageCount, bool isHuge)
        {
            ulong pageSize = (ulong)Environment.SystemPageSize;
            while (pageCount > 0)
            {
                if (_batch is null)
                {
                    _batch = _finder._newBatch();
                    _batch.Begin(_process, _finder._table.Count);
                }

                int taken = (int)Math.Min(pageCount, PageBatch.Capacity - _batch.PageCount);
                _batch.Add(new PageRun(start, taken, Vma));
                start += (ulong)taken * pageSize;
                pageCount -= taken;
                if (_batch.PageCount == PageBatch.Capacity)
                {
                    Flush();
                }
            }
        }

        internal void Flush()
        {
            if (_batch is null)
            {
                return;
            }

            _finder._table.Commit(_batch.PageCount);
            _finder._context.Reserve(_finder._table.Count);
            _finder._progress.Found(_batch.PageCount);
            _process.AddUse();
            _finder._handOver(_batch);
            _batch = null;
        }
    }
}
