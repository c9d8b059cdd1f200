using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>Tells whether the prune interval of chains could have elapsed in real time where in model time it has not.</summary>
/// <remarks>
/// A chain is pruned by the first search that comes at least the interval after it was last pruned or made. Both happen in
/// scans only. In model time a scan takes no time, and time passes only where the script says so (which the kernel's side then
/// really waits for); in real time more has always passed. The two agree unless for two scans the interval lies between.
/// </remarks>
internal sealed class PruneClock
{
    // The kernel counts in ticks, of at most 10 ms.
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    private readonly List<(long Start, TimeSpan Model)> _scans = [];
    private TimeSpan _model;

    /// <summary>Model time has gone on, and at least as much real time with it.</summary>
    internal void Advance(TimeSpan by) => _model += by;

    /// <summary>A scan, or a batch, begins.</summary>
    internal void Begin() => _scans.Add((Stopwatch.GetTimestamp(), _model));

    /// <summary>A scan has ended.</summary>
    /// <param name="intervalMilliseconds">stable_node_chains_prune_millisecs.</param>
    /// <returns>Whether a chain could have been pruned on one side and not on the other.</returns>
    internal bool IsDoubtful(uint intervalMilliseconds)
    {
        long now = Stopwatch.GetTimestamp();
        TimeSpan interval = TimeSpan.FromMilliseconds(intervalMilliseconds);
        foreach ((long start, TimeSpan model) in _scans)
        {
            if (_model - model < interval && Stopwatch.GetElapsedTime(start, now) + s_tick >= interval)
            {
                return true;
            }
        }

        return false;
    }
}
