using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>What a policy came to: averages over the scans of the steady state, in pages of the host that is modelled.</summary>
internal sealed class PolicyFigures
{
    private readonly ScanRecord[] _steady;
    private readonly int _scale;

    /// <param name="scans">All scans of a run.</param>
    /// <param name="steadyFrom">When the steady state begins: scans that end later count.</param>
    /// <param name="scale">Pages of the host for which one of the model stands.</param>
    internal PolicyFigures(IReadOnlyList<ScanRecord> scans, TimeSpan steadyFrom, int scale)
    {
        _steady = [.. scans.Where(scan => scan.End > steadyFrom)];
        _scale = scale;
        HighestPagesToScan = scans.Count == 0 ? 0 : scans.Max(scan => scan.PagesToScan);
    }

    /// <summary>Scans of the steady state.</summary>
    internal int Scans => _steady.Length;

    /// <summary>Largest batch of the whole run.</summary>
    internal long HighestPagesToScan { get; }

    /// <summary>Pages of a batch.</summary>
    internal double PagesToScan => Average(scan => scan.PagesToScan);

    /// <summary>Pages visited in a scan.</summary>
    internal double Scanned => _scale * Average(scan => scan.Scanned);

    /// <summary>Pages left out of a scan.</summary>
    internal double Skipped => _scale * Average(scan => scan.Skipped);

    /// <summary>Seconds of a scan.</summary>
    internal double ScanSeconds => Average(scan => scan.Duration.TotalSeconds);

    /// <summary>Seconds of CPU time of a scan.</summary>
    internal double CpuSeconds => Average(scan => scan.Cpu.TotalSeconds);

    /// <summary>Share of a CPU.</summary>
    internal double CpuShare => CpuSeconds / ScanSeconds;

    /// <summary>A counter at the ends of scans.</summary>
    internal double Counter(Func<KsmCounters, long> counter) => _scale * Average(scan => counter(scan.Counters));

    private double Average(Func<ScanRecord, double> figure) => _steady.Average(figure);
}
