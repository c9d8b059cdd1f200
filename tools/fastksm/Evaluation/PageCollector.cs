using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Extensions.ObjectPool;

namespace FastKsm.Cli.Evaluation;

/// <summary>Has the pages of all processes found and read: one thread finds, all cores read.</summary>
/// <remarks>
/// The queue between them is bounded, and so is everything else but the records; to look a second time, the runs of pages
/// are kept as well. The calling thread supervises: a process at which a call of the kernel does not return is left, with
/// the thread that waits there, and the others are read (<see cref="WatchedThreads"/>).
/// </remarks>
internal sealed class PageCollector
{
    private const int BatchesInFlightPerReader = 8;

    private readonly PageRecordTable _table;
    private readonly EvaluationContext _context;
    private readonly EvaluationOptions _options;
    private readonly EvaluationProgress _progress;
    private readonly List<PageBatch> _kept = [];
    private readonly ObjectPool<PageBatch> _batches = new DefaultObjectPoolProvider().Create<PageBatch>();
    private volatile bool _isSecondLook;

    /// <summary>Told of each batch before it is read, by the thread that finds; null for nobody. It may not keep the batch.</summary>
    internal Action<PageBatch>? Found { get; init; }

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
        IReadOnlyList<LiveProcess> processes = [];
        WithReaders(
            (threads, queue, stop) =>
            {
                PageFinder finder = new(
                    pids, _table, _context, _options, _progress, _batches.Get, batch => HandOver(batch, queue, stop.Token));
                processes = finder.Processes;
                StartFinder(finder, threads, queue, stop);
            },
            cancellation);
        if (_options.Observe > TimeSpan.Zero)
        {
            WatchAll(processes, isEnd: false);
            _progress.Wait("waiting for pages to change", _options.Observe);
            _ = cancellation.WaitHandle.WaitOne(_options.Observe);
            _progress.Begin("reading again");
            _isSecondLook = true;
            WithReaders(
                (threads, queue, stop) => threads.Start(
                    _ => Stopping(stop, () => LookAgain(queue, stop.Token)), _ => queue.CompleteAdding()),
                cancellation);
            WatchAll(processes, isEnd: true);
        }

        return processes;
    }

    // Whatever happens, every thread has ended or has been left behind when this returns; the first failure is thrown.
    private void WithReaders(
        Action<WatchedThreads, BlockingCollection<PageBatch>, CancellationTokenSource> startProducer,
        CancellationToken cancellation)
    {
        using BlockingCollection<PageBatch> queue = new(BatchesInFlightPerReader * _options.Threads);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        WatchedThreads threads = new(_options.LongestCall);
        for (int i = 0; i < _options.Threads; i++)
        {
            StartReader(threads, queue, stop);
        }

        startProducer(threads, queue, stop);
        threads.WaitForAll(cancellation);
        cancellation.ThrowIfCancellationRequested();
    }

    private static void StartFinder(
        PageFinder finder, WatchedThreads threads, BlockingCollection<PageBatch> queue, CancellationTokenSource stop) =>
        threads.Start(
            watch => Stopping(
                stop,
                () =>
                {
                    finder.Run(watch, stop.Token);
                    queue.CompleteAdding();
                }),
            watch =>
            {
                finder.PassBy(watch);
                StartFinder(finder, threads, queue, stop);
            });

    private void StartReader(WatchedThreads threads, BlockingCollection<PageBatch> queue, CancellationTokenSource stop)
    {
        PageBatch? current = null;
        threads.Start(
            _ => Stopping(
                stop,
                () =>
                {
                    using BatchReader reader = new(_table, _context);
                    foreach (PageBatch batch in queue.GetConsumingEnumerable(stop.Token))
                    {
                        current = batch;
                        reader.Read(batch);
                        _progress.Read(batch.PageCount);
                        if (IsLastLook)
                        {
                            batch.Process!.EndUse();
                            _batches.Return(batch);
                        }
                    }
                }),
            _ =>
            {
                current!.Process!.Fail(ReadStatus.Blocked);
                if (IsLastLook)
                {
                    current.Process.EndUse();
                }

                StartReader(threads, queue, stop);
            });
    }

    private bool IsLastLook => _options.Observe == TimeSpan.Zero || _isSecondLook;

    // A thread that fails stops the others: else the finding thread would wait for ever on a full queue.
    private static void Stopping(CancellationTokenSource stop, Action work)
    {
        try
        {
            work();
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception exception) when (exception is not CallGivenUpException)
        {
            stop.Cancel();
            throw;
        }
    }

    private static void WatchAll(IReadOnlyList<LiveProcess> processes, bool isEnd)
    {
        foreach (LiveProcess process in processes)
        {
            process.Watch(isEnd);
        }
    }

    private void HandOver(PageBatch batch, BlockingCollection<PageBatch> queue, CancellationToken cancellation)
    {
        if (_options.Observe > TimeSpan.Zero)
        {
            _kept.Add(batch);
        }

        Found?.Invoke(batch);
        queue.Add(batch, cancellation);
    }

    private void LookAgain(BlockingCollection<PageBatch> queue, CancellationToken cancellation)
    {
        foreach (PageBatch batch in _kept)
        {
            batch.IsSecondLook = true;
            queue.Add(batch, cancellation);
        }

        _kept.Clear();
        queue.CompleteAdding();
    }
}
