using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Tests.Merging;

/// <summary>Everything about merging that shows after a scan: the counters of the machine and of each process, and each page's frame.</summary>
internal sealed class Sight
{
    internal Sight(Machine machine, IReadOnlyList<(ModelProcess Process, IEnumerable<Pfn> Frames)> processes, bool scanned)
    {
        Counters = machine.Ksm.Counters;
        Copied = machine.CowKsm;
        Scanned = scanned;
        Stats = [.. processes.Select(entry => entry.Process.KsmStat)];
        Frames = [.. processes.SelectMany(entry => entry.Frames)];
    }

    internal KsmCounters Counters { get; }

    internal long Copied { get; }

    internal bool Scanned { get; }

    internal KsmStat[] Stats { get; }

    internal Pfn[] Frames { get; }

    /// <summary>What another sight shows differently; null if nothing.</summary>
    /// <param name="other">The other sight.</param>
    /// <param name="byNumber">Whether pages map the same frames, or only share frames with the same pages.</param>
    internal string? Difference(Sight other, bool byNumber = true)
    {
        if (Counters != other.Counters || Copied != other.Copied || Scanned != other.Scanned)
        {
            return $"{Counters} copied {Copied} {Scanned}\n{other.Counters} copied {other.Copied} {other.Scanned}";
        }

        for (int i = 0; i < Stats.Length; i++)
        {
            if (Stats[i] != other.Stats[i])
            {
                return $"process {i}: {Stats[i]}\n{other.Stats[i]}";
            }
        }

        int page = byNumber
            ? Frames.AsSpan().CommonPrefixLength(other.Frames)
            : Sharing().AsSpan().CommonPrefixLength(other.Sharing());
        return page == Frames.Length && page == other.Frames.Length ? null
            : $"page {page} of all: {Frames.ElementAtOrDefault(page)} and {other.Frames.ElementAtOrDefault(page)}";
    }

    // For each page the first one with its frame.
    private int[] Sharing() => [.. Frames.Select(frame => Array.IndexOf(Frames, frame))];
}
