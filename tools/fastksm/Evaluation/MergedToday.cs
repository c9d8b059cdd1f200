using System;
using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>What KSM has merged already in the processes that were read.</summary>
/// <param name="MergingPages">Addresses on KSM pages.</param>
/// <param name="KsmPages">KSM pages behind them; where frame numbers are hidden, contents are counted for frames.</param>
/// <param name="ZeroPages">Addresses on the zero frame by KSM.</param>
/// <param name="RmapItems">ksmd's records of these processes; 0 where the kernel does not say (before Linux 6.1).</param>
internal readonly record struct MergedToday(long MergingPages, long KsmPages, long ZeroPages, long RmapItems)
{
    /// <summary>Bytes saved now: frames that are not needed, less ksmd's records.</summary>
    internal long Saved(long pageSize) =>
        ((MergingPages - KsmPages + ZeroPages) * pageSize) - (RmapItems * MergeForecast.RmapItemBytes);

    /// <summary>Bytes that merging would save beyond that; negative where new records cost more than it gives.</summary>
    internal long More(in MergeForecast total, long pageSize) =>
        ((total.FramesBefore - total.FramesAfter) * pageSize)
        - (Math.Max(0, total.RmapItems - RmapItems) * MergeForecast.RmapItemBytes);

    /// <summary>Counts.</summary>
    /// <param name="table">The records, sorted.</param>
    /// <param name="framesAreKnown">Whether KSM pages were told by their frames.</param>
    /// <param name="processes">The processes.</param>
    internal static MergedToday Count(PageRecordTable table, bool framesAreKnown, IReadOnlyList<LiveProcess> processes)
    {
        long zeroPages = 0;
        long rmapItems = 0;
        long merging = 0;
        foreach (LiveProcess process in processes)
        {
            if (process.Status == ReadStatus.Read)
            {
                zeroPages += process.KsmZeroPages;
                rmapItems += process.KsmRmapItems;
                merging += process.KsmMergingPages;
            }
        }

        (long addresses, long frames) = CountFrames(table);
        if (framesAreKnown)
        {
            return new MergedToday(addresses, frames, zeroPages, rmapItems);
        }

        // A KSM page with a single address looks like any other page then; the kernel counts it.
        long alone = Math.Max(0, merging - addresses);
        return new MergedToday(addresses + alone, frames + alone, zeroPages, rmapItems);
    }

    private static (long Addresses, long Frames) CountFrames(PageRecordTable table)
    {
        long addresses = 0;
        long frames = 0;
        HashSet<ulong> ofContent = [];
        for (int i = 0; i < table.Count; i++)
        {
            ref PageRecord record = ref table[i];
            if (i > 0 && record.Checksum != table[i - 1].Checksum)
            {
                ofContent.Clear();
            }

            if (record.IsKsm)
            {
                addresses++;
                frames += ofContent.Add(record.Frame) ? 1 : 0;
            }
        }

        return (addresses, frames);
    }
}
