using System;

namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>One full scan.</summary>
/// <param name="End">When it ended.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Cpu">CPU time of ksmd.</param>
/// <param name="PagesToScan">Pages of its last batches.</param>
/// <param name="Scanned">Pages visited, in pages of the model.</param>
/// <param name="Skipped">Pages that smart scan left out.</param>
/// <param name="Counters">Counters at its end.</param>
internal readonly record struct ScanRecord(
    TimeSpan End, TimeSpan Duration, TimeSpan Cpu, long PagesToScan, long Scanned, long Skipped, KsmCounters Counters);
