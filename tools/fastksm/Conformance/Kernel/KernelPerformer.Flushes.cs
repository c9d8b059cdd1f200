using System.Collections.Generic;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Kernel;

/// <content>Threads, and the flush operations of whoever acts.</content>
/// <remarks>
/// All threads of the process that acts run at that moment, each on its CPU: the agent sees to it. While ksmd works,
/// those of one process do, but not on ksmd's CPU.
/// </remarks>
internal sealed partial class KernelPerformer : IFlushSource
{
    /// <summary>Where ksmd runs while flushes are counted: where the engine's runs.</summary>
    internal const int DaemonCpu = 0;

    private readonly List<FlushOperation> _flushes = [];
    private readonly FlushNoise _noise = new();

    // The thread that acts, of each process, and on which CPU; only its id is kept of those that do not.
    private readonly List<int> _acting = [];
    private int _lastActor = -1;

    // The last process that has begun a second thread: the one with CPUs to lose.
    private int _threaded = -1;

    /// <inheritdoc/>
    public IFlushSource? Flushes => _session.Trace is null ? null : this;

    /// <inheritdoc/>
    public IReadOnlyList<FlushOperation> TakeFlushes()
    {
        FlushOperation[] taken = [.. _flushes];
        _flushes.Clear();
        return taken;
    }

    /// <summary>What else may have had a hand in the flush operations; null if nothing is to be seen.</summary>
    internal string? Noise => Flushes is null ? null : _noise.Found;

    /// <inheritdoc/>
    public void SwitchThread(int process, int thread)
    {
        _acting[process] = (int)Do(AgentOperation.Thread, process, (ulong)thread);
        _threaded = thread > 0 ? process : _threaded;
    }

    // Whatever a thread of a process does next is seen.
    private void WatchActor(int process)
    {
        if (_session.Trace is { } trace && process < _acting.Count)
        {
            trace.Watch(_acting[process]);
            _lastActor = process;
        }
    }

    private void TakeTrace()
    {
        if (_session.Trace is { } trace)
        {
            _flushes.AddRange(trace.Take());
            _inconclusive ??= trace.HasLost ? "the kernel lost events of its trace: more than its ring holds" : null;
        }
    }

    // ksmd's batch, and what it flushes.
    private void TraceBatch()
    {
        if (_session.Trace is not { } trace)
        {
            _session.Daemon.Batch();
            return;
        }

        int busy = IsAlive(_threaded) ? _threaded : IsAlive(_lastActor) ? _lastActor : -1;
        KeepBusy(busy, on: true);
        trace.Watch(_session.Daemon.Id);
        long lost = _session.Daemon.LostTurns;
        trace.Switch(on: true);
        _session.Daemon.Batch();
        trace.Switch(on: false);
        _noise.LostTurns("ksmd", _session.Daemon.LostTurns - lost);
        KeepBusy(busy, on: false);
        TakeTrace();
    }

    private bool IsAlive(int process) => process >= 0 && _processes[process] is not null;

    private void KeepBusy(int process, bool on)
    {
        if (process >= 0)
        {
            AgentAnswer answer = _session.Agent.Ask(AgentOperation.Spin, process, [on ? 1UL : 0UL, DaemonCpu]);
            _noise.LostTurns("a process of the script", answer.LostTurns);
        }
    }
}
