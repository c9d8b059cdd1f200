using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>What else may have had a hand in the flush operations of a script: the host was busy.</summary>
/// <remarks>
/// What is noted here may have changed what the kernel shows, and mostly has not: it is asked where sides differ. Thread
/// safety: none.
/// </remarks>
internal sealed class FlushNoise
{
    // The kernel takes CPUs that run something else off a mask at most once a second, and not in an address space's first.
    private static readonly TimeSpan s_trimmed = TimeSpan.FromSeconds(1);

    // Reclaim and compaction by whomever: they flush themselves, and leave batches behind for which others flush.
    private static readonly string[] s_others =
        ["pgscan_kswapd", "pgscan_direct", "pgscan_khugepaged", "pgmigrate_success", "pgmigrate_fail"];

    private readonly Dictionary<string, long> _before = [];
    private long _oldest = long.MaxValue;
    private string? _found;

    internal FlushNoise()
    {
        foreach (string counter in s_others)
        {
            _before[counter] = Read(counter);
        }
    }

    /// <summary>The first disturbance that has been noted; null if there is none.</summary>
    internal string? Found => _found
        ?? (_oldest != long.MaxValue && Stopwatch.GetElapsedTime(_oldest) > s_trimmed
            ? "a process was older than a second, so that the kernel may have taken CPUs off its mask" : null)
        ?? (Array.Find(s_others, counter => Read(counter) != _before[counter]) is { } other
            ? $"reclaim or compaction was at work on the host ({other} of /proc/vmstat)" : null);

    /// <summary>An address space is about to be made.</summary>
    internal void Begins() => _oldest = Math.Min(_oldest, Stopwatch.GetTimestamp());

    /// <summary>Threads have lost their CPUs in the middle of an operation.</summary>
    /// <param name="who">Whose threads.</param>
    /// <param name="times">How often.</param>
    internal void LostTurns(string who, long times) => _found ??= times == 0
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{who} lost its CPU {times} times in the middle of an operation");

    private static long Read(string counter) =>
        ProcFile.TryReadText("/proc/vmstat") is { } text
        && text.IndexOf("\n" + counter + " ", StringComparison.Ordinal) is >= 0 and int at
        && long.TryParse(
            text.AsSpan(at + counter.Length + 2, text.IndexOf('\n', at + 1) - at - counter.Length - 2),
            CultureInfo.InvariantCulture,
            out long value)
            ? value
            : 0;
}
