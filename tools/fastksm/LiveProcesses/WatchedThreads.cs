using System;
using System.Collections.Generic;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Runs threads that ask the kernel about processes, and leaves behind those that it does not answer.</summary>
/// <remarks>
/// The calling thread supervises (<see cref="CallWatch"/>). It starts another thread in the place of one that was given up,
/// if it is told how. Thread safety: one thread starts and waits; the work runs on threads of its own.
/// </remarks>
internal sealed class WatchedThreads
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(20);

    private readonly TimeSpan _longestCall;
    private readonly List<Running> _running = [];
    private ExceptionDispatchInfo? _failure;

    /// <param name="longestCall">The longest time that one call may take.</param>
    internal WatchedThreads(TimeSpan longestCall) => _longestCall = longestCall;

    /// <summary>Starts a thread.</summary>
    /// <param name="work">What it does; its watch belongs to it alone.</param>
    /// <param name="givenUp">Called by the waiting thread when it has been left behind.</param>
    internal void Start(Action<CallWatch> work, Action<CallWatch> givenUp)
    {
        CallWatch watch = new();
        Task task = Task.Factory.StartNew(
            () => Run(work, watch), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _running.Add(new Running(task, watch, givenUp));
    }

    /// <summary>Waits until every thread has ended or has been left behind; throws the first failure of one.</summary>
    /// <param name="cancellation">Makes it wait no longer than a moment for a call.</param>
    internal void WaitForAll(CancellationToken cancellation)
    {
        while (_running.Count > 0)
        {
            _ = Task.WaitAny([.. _running.ConvertAll(running => running.Task)], s_period);
            TimeSpan longest = cancellation.IsCancellationRequested ? s_period : _longestCall;
            for (int i = _running.Count - 1; i >= 0; i--)
            {
                Running running = _running[i];
                if (running.Task.IsCompleted)
                {
                    _running.RemoveAt(i);
                    NoteFailure(running.Task);
                }
                else if (running.Watch.TryGiveUp(longest))
                {
                    _running.RemoveAt(i);
                    running.GivenUp(running.Watch);
                }
            }
        }

        _failure?.Throw();
    }

    /// <summary>
    /// Visits processes one after the other, on a thread that is replaced where the kernel does not answer about one:
    /// that one is passed by.
    /// </summary>
    /// <param name="pids">Their ids.</param>
    /// <param name="visit">Looks at one.</param>
    /// <param name="longestCall">The longest time that one call may take.</param>
    internal static void Visit(IReadOnlyList<int> pids, Action<int> visit, TimeSpan longestCall)
    {
        WatchedThreads threads = new(longestCall);
        int next = 0;
        Start();
        threads.WaitForAll(CancellationToken.None);

        void Start() => threads.Start(
            _ =>
            {
                while (next < pids.Count)
                {
                    visit(pids[next++]);
                }
            },
            _ => Start());
    }

    private static void Run(Action<CallWatch> work, CallWatch watch)
    {
        CallWatch.Attach(watch);
        try
        {
            work(watch);
        }
        catch (CallGivenUpException)
        {
            // Another thread has its place, and everything that it shared.
        }
        finally
        {
            CallWatch.Attach(null);
        }
    }

    private void NoteFailure(Task task)
    {
        if (task.Exception?.InnerException is { } exception)
        {
            _failure ??= ExceptionDispatchInfo.Capture(exception);
        }
    }

    private sealed record Running(Task Task, CallWatch Watch, Action<CallWatch> GivenUp);
}
