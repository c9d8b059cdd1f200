using System;
using System.Collections.Generic;
using FastKsm.Tlb;

namespace FastKsm;

/// <summary>What a machine's CPUs remember of page tables: counters, clocks, and the flushes that were made.</summary>
/// <remarks>Thread safety: all members may be called concurrently.</remarks>
public sealed class Tlbs
{
    private readonly Machine _machine;

    internal Tlbs(Machine machine) => _machine = machine;

    /// <summary>Sums over all CPUs, since the machine was made.</summary>
    public TlbStatistics Statistics => Of(Engine.Counters);

    private FlushEngine Engine => _machine.Store.Flushes;

    /// <summary>What happened on one CPU: flushes that it asked for, and handlers that ran on it. Hits and walks are not in it.</summary>
    /// <param name="cpu">Its number.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such CPU.</exception>
    public TlbStatistics StatisticsOf(int cpu) => Of(Engine.CountersOf(Checked(cpu)));

    /// <summary>
    /// A CPU's clock: cycles that look-ups, walks, switches, flushes and interrupts have cost it by the cost model.
    /// </summary>
    /// <param name="cpu">Its number.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such CPU.</exception>
    public long CyclesOf(int cpu) => Engine.CyclesOf(Checked(cpu));

    /// <summary>
    /// Takes the flush operations since the last call, oldest first. The first call begins to note them, and returns none.
    /// </summary>
    /// <remarks>Allocates. What is noted is kept until it is taken.</remarks>
    public IReadOnlyList<FlushRecord> TakeFlushes() => Engine.TakeRecords();

    private static TlbStatistics Of(in TlbCounters counters) => new()
    {
        Hits = counters.Hits,
        SecondLevelHits = counters.L2Hits,
        Walks = counters.Misses,
        FlushOperations = counters.RangeFlushes,
        BatchOperations = counters.BatchFlushes,
        RemoteFlush = counters.NrTlbRemoteFlush,
        RemoteFlushReceived = counters.NrTlbRemoteFlushReceived,
        LocalFlushAll = counters.NrTlbLocalFlushAll,
        LocalFlushOne = counters.NrTlbLocalFlushOne,
        Requests = counters.Requests,
        Interrupts = counters.IpiSent,
        HandlersWithoutWork = counters.FlushNoop,
        UsefulShootdowns = counters.ShootdownUseful,
        SwitchFlushes = counters.SwitchFlushes,
        PendingFlushes = counters.BatchedPendingFlush,
        Broadcasts = counters.Broadcasts,
    };

    private int Checked(int cpu)
    {
        if (cpu < 0 || cpu >= _machine.Options.Cpus)
        {
            Primitives.Throw.OutOfRange(nameof(cpu), cpu, $"a CPU from 0 to {_machine.Options.Cpus - 1}");
        }

        return cpu;
    }
}
