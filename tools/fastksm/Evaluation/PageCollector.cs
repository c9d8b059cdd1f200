using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Extensions.ObjectPool;

namespace FastKsm.Cli.Evaluation;

/// <summary>Finds the pages of all processes and has them read: one thread finds, all cores read.</summary>
/// <remarks>
/// The finding thread walks processes in order and addresses ascending, so a page's ordinal is ksmd's order of visits
/// whatever the number of readers. The queue between them is bounded, and so is everything else but the records; to look a
/// second time, the runs of pages are kept as well.
/// </remarks>
internal sealed class PageCollector
{
    private const int BatchesInFlightPerReader = 8;

    private readonly PageRecordTable _table;
    private readonly EvaluationContext _context;
    private readonly EvaluationOptions _options;
    private readonly EvaluationProgress _progress;
    private readonly PagemapScan _scan = new();
    private readonly List<PageBatch> _kept = [];
    private readonly ObjectPool<PageBatch> _batches = new DefaultObjectPoolProvider().Create<PageBatch>();
    private volatile bool _isSecondLook;

    internal PageCollector(
        PageRecordTable table, EvaluationContext context, EvaluationOptions options, EvaluationProgress progress)
    {
        _table = table;
        _context = context;
        _options = options;
        _progress = progress;
    }

    /// <summary>Collects the pages of the given processes.</summary>
    /// <returns>The processes that existed, in the order given.</returns>
    internal IReadOnlyList<LiveProcess> Collect(IReadOnlyList<int> pids, CancellationToken cancellation)
    {
        List<LiveProcess> processes = [];
        WithReaders((queue, stop) => Find(pids, processes, queue, stop), cancellation);
        if (_options.Observe > TimeSpan.Zero)
        {
            _ = cancellation.WaitHandle.WaitOne(_options.Observe);
            _isSecondLook = true;
            WithReaders(LookAgain, cancellation);
        }

        return processes;
    }

    // Whatever happens, the readers have ended when this returns; the first failure of one is thrown.
    private void WithReaders(Action<BlockingCollection<PageBatch>, CancellationToken> produce, CancellationToken cancellation)
    {
        using BlockingCollection<PageBatch> queue = new(BatchesInFlightPerReader * _options.Threads);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] readers = new Task[_options.Threads];
        for (int i = 0; i < readers.Length; i++)
        {
            readers[i] = Task.Factory.StartNew(
                () => ReadAll(queue, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        try
        {
            produce(queue, stop.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // A reader failed and stopped the others; waiting for it says how.
        }
        finally
        {
            queue.CompleteAdding();
            Task.WaitAll(readers, CancellationToken.None);
        }
    }

    private void ReadAll(BlockingCollection<PageBatch> queue, CancellationTokenSource stop)
    {
        try
        {
            using BatchReader reader = new(_table, _context);
            foreach (PageBatch batch in queue.GetConsumingEnumerable(stop.Token))
            {
                reader.Read(batch);
                _progress.Read(batch.PageCount);
                if (_options.Observe == TimeSpan.Zero || _isSecondLook)
                {
                    batch.Process!.EndUse();
                    _batches.Return(batch);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch
        {
            stop.Cancel(); // Else the finding thread would wait for ever on a full queue.
            throw;
        }
    }

    private void LookAgain(BlockingCollection<PageBatch> queue, CancellationToken cancellation)
    {
        foreach (PageBatch batch in _kept)
        {
            batch.IsSecondLook = true;
            queue.Add(batch, cancellation);
        }

        _kept.Clear();
    }

    private void Find(
        IReadOnlyList<int> pids, List<LiveProcess> processes, BlockingCollection<PageBatch> queue, CancellationToken cancellation)
    {
        foreach (int pid in pids)
        {
            cancellation.ThrowIfCancellationRequested();
            if (LiveProcess.Open(pid) is { } process)
            {
                processes.Add(process);
                if (process.Status == ReadStatus.Read)
                {
                    FindPages(process, queue, cancellation);
                }

                process.EndUse();
            }

            _progress.Opened();
        }
    }

    private VmaEligibility EligibilityOf(Vma vma) =>
        vma.Eligibility is VmaEligibility.Eligible && _options.OnlyMarked && !vma.IsMarked
            ? VmaEligibility.NotMarked
            : vma.Eligibility;

    private void FindPages(LiveProcess process, BlockingCollection<PageBatch> queue, CancellationToken cancellation)
    {
        RunCutter cutter = new(this, process, queue, cancellation);
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
            else if (!_scan.Visit(process.Pagemap!, vma.Start, vma.End, ref cutter))
            {
                process.Fail(ReadStatus.Exited);
            }
        }

        cutter.Flush();
    }

    /// <summary>Cuts the runs that a scan finds into batches and hands those over.</summary>
    private struct RunCutter : PagemapScan.IRunVisitor
    {
        private readonly PageCollector _collector;
        private readonly LiveProcess _process;
        private readonly BlockingCollection<PageBatch> _queue;
        private readonly CancellationToken _cancellation;
        private PageBatch? _batch;

        internal RunCutter(
            PageCollector collector, LiveProcess process, BlockingCollection<PageBatch> queue, CancellationToken cancellation)
        {
            _collector = collector;
            _process = process;
            _queue = queue;
            _cancellation = cancellation;
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
                    _batch = _collector._batches.Get();
                    _batch.Begin(_process, _collector._table.Count);
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

            _collector._table.Commit(_batch.PageCount);
            _collector._context.OrderKeys.Reserve(_collector._table.Count);
            _collector._progress.Found(_batch.PageCount);
            _process.AddUse();
            if (_collector._options.Observe > TimeSpan.Zero)
            {
                _collector._kept.Add(_batch);
            }

            _queue.Add(_batch, _cancellation);
            _batch = null;
        }
    }
}
