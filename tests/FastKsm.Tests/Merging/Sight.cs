using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Memory;

namespace FastKsm.Tests.Merging;

/// <summary>
/// Everything about merging that shows after a scan: the counters of the machine and of each process, and each page's frame,
/// its flags, and the bits of its entry.
/// </summary>
internal sealed class Sight
{
    internal Sight(Machine machine, IReadOnlyList<(ModelProcess Process, IEnumerable<Pte> Entries)> processes, bool scanned)
    {
        Counters = machine.Ksm.Counters;
        Statistics = machine.Ksm.Statistics with { PagesProtectedInVain = 0 };
        Copied = machine.CowKsm;
        Scanned = scanned;
        Stats = [.. processes.Select(entry => entry.Process.KsmStat)];
        Pte[] entries = [.. processes.SelectMany(entry => entry.Entries)];
        Frames = [.. entries.Select(entry => entry.IsPresent ? entry.Frame : Pfn.None)];
        Details = [.. entries.Select(entry => (
            entry.Value & ushort.MaxValue, entry.IsCounted ? machine.Store.Frames[entry.Frame].Flags : FrameFlags.None))];
    }

    internal KsmCounters Counters { get; }

    /// <summary>What no file of Linux's counts, and one index may do more often than another; without what batches alone count.</summary>
    internal KsmStatistics Statistics { get; }

    internal long Copied { get; }

    internal bool Scanned { get; }

    internal KsmStat[] Stats { get; }

    internal Pfn[] Frames { get; }

    internal (ulong Entry, FrameFlags Frame)[] Details { get; }

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
        if (page != Frames.Length || page != other.Frames.Length)
        {
            return $"page {page} of all: {Frames.ElementAtOrDefault(page)} and {other.Frames.ElementAtOrDefault(page)}";
        }

        page = Details.AsSpan().CommonPrefixLength(other.Details);
        return page == Frames.Length ? null : $"page {page} of all: {Details[page]:x} and {other.Details[page]:x}";
    }

    // For each page the first one with its frame.
    private int[] Sharing() => [.. Frames.Select(frame => Array.IndexOf(Frames, frame))];
}
