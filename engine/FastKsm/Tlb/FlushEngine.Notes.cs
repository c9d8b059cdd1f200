using System;
using System.Threading;

namespace FastKsm.Tlb;

/// <content>Counters, cycles and the log.</content>
internal sealed unsafe partial class FlushEngine
{
    private readonly TlbCounters[] _counters;
    private readonly long[] _cycles;
    private readonly TlbCosts _costs;
    private readonly FlushLog? _log;
    private FlushRecorder? _recorder;

    /// <summary>Sums of all CPUs' counters. Hits and misses of CPUs that run are those of a moment.</summary>
    internal TlbCounters Counters
    {
        get
        {
            TlbCounters sum = default;
            for (int cpu = 0; cpu < _cpus.Length; cpu++)
            {
                sum.Add(ref _counters[cpu]);
                sum.Hits += _cpus[cpu].Hits;
                sum.L2Hits += _cpus[cpu].Cache.L2Hits;
                sum.Misses += _cpus[cpu].Cache.Misses;
            }

            return sum;
        }
    }

    /// <summary>The events, if the options ask for a log.</summary>
    internal FlushLog? Log => _log;

    /// <summary>Takes the flush operations that have been noted; the first call begins to note them.</summary>
    internal FlushRecord[] TakeRecords()
    {
        if (Volatile.Read(ref _recorder) is { } recorder)
        {
            return recorder.Take();
        }

        _ = Interlocked.CompareExchange(ref _recorder, new FlushRecorder(CpuCount), null);
        return [];
    }

    /// <summary>
    /// What has happened on a CPU; the <c>TLB</c> row of <c>/proc/interrupts</c> is what it has received.
    /// </summary>
    internal TlbCounters CountersOf(int cpu) => _counters[cpu];

    /// <summary>
    /// A CPU's clock: cycles that misses, flushes and interrupts have cost it so far, by the cost model.
    /// </summary>
    internal long CyclesOf(int cpu) =>
        Volatile.Read(ref _cycles[cpu])
        + (_cpus[cpu].Cache.L2Hits * _costs.StlbHit)
        + (_cpus[cpu].Cache.Misses * _costs.WalkHot);

    /// <summary>The part of a CPU's clock that switches, flushes and interrupts have made.</summary>
    internal long FlushCyclesOf(int cpu) => Volatile.Read(ref _cycles[cpu]);

    /// <summary>Cycles of a walk of the page table.</summary>
    internal long WalkCycles => _costs.WalkHot;

    /// <summary>A CPU's handler runs for another CPU.</summary>
    internal void NoteReceived(int cpu, in FlushRequest request)
    {
        Note(EventOf(FlushEventKind.Received, in request) with { Cpu = cpu });
        Charge(cpu, _costs.InterruptEntryExit);
    }

    /// <summary>A CPU's handler has ended.</summary>
    internal void NoteHandled(int cpu, HandlerEnd end, in FlushRequest request, bool isLocal, bool useful)
    {
        Note(EventOf(FlushEventKind.Handled, in request) with { Cpu = cpu, End = end, Value = useful ? 1 : 0 });
        if (!isLocal && end != HandlerEnd.Broadcast)
        {
            // Time stolen from what runs there. The initiator's own handler is part of its flush.
            Charge(cpu, _costs.OfHandler(end, request.Strides));
        }
    }

    /// <summary>A CPU has gone on with an address space.</summary>
    internal void NoteSwitch(int cpu, ulong context, bool flushed, ulong generation)
    {
        Note(new FlushEvent(FlushEventKind.Switch, cpu, cpu, context, Generation: generation, Value: flushed ? 1 : 0));
        Charge(cpu, _costs.ContextSwitch + (flushed ? _costs.InvalidateAll : 0));
    }

    /// <summary>A CPU has flushed all, for it was not run when it was asked to.</summary>
    internal void NoteFlushedOnEntry(int cpu) => Note(new FlushEvent(FlushEventKind.EntryFlushed, cpu, cpu));

    private static FlushEvent EventOf(FlushEventKind kind, in FlushRequest request) => new(
        kind, request.Initiator, request.Initiator, request.ContextId, request.FirstPage, request.Pages,
        request.StrideShift, request.NewGeneration);

    private void Note(in FlushEvent happened)
    {
        _counters[happened.Cpu].Count(in happened);
        _log?.Append(in happened);
        Volatile.Read(ref _recorder)?.Append(in happened);
    }

    private void Charge(int cpu, long cycles) => _ = Interlocked.Add(ref _cycles[cpu], cycles);

    // Concurrent mode: the initiator's own handler runs while the interrupts are under way.
    private void ChargeFlush(in FlushRequest request, int interrupts, bool runsHere)
    {
        long handler = _costs.OfHandler(request.Pages == All ? HandlerEnd.Full : HandlerEnd.Range, request.Strides);
        long local = runsHere ? handler : 0;
        if (interrupts == 0)
        {
            Charge(request.Initiator, local);
            return;
        }

        long remote = _costs.IpiWire + _costs.InterruptEntryExit + handler + ((long)interrupts * _costs.AckLine);
        Charge(request.Initiator, _costs.IpiFirst + ((interrupts - 1L) * _costs.IpiNext) + Math.Max(local, remote));
    }
}
