using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;

namespace FastKsm.Cli.Recording;

/// <summary>How much the pages of a recording change, and how much of them could be merged at best.</summary>
/// <param name="MostPages">Pages at once, at most.</param>
/// <param name="Intervals">What happened between two samples, one after the other.</param>
/// <param name="ByProcess">Pages compared and pages changed of each process, over all samples.</param>
internal sealed record Volatility(
    long MostPages, IReadOnlyList<VolatilityInterval> Intervals, IReadOnlyList<(RecordedProcess Process, long Compared, long Changed)> ByProcess)
{
    /// <summary>
    /// Share of the pages that were there at two samples one after the other and had changed, averaged over the
    /// samples.
    /// </summary>
    internal double Average => Intervals.Count == 0 ? 0 : Intervals.Average(interval => interval.Share);

    /// <summary>The largest of these shares.</summary>
    internal double Most => Intervals.Count == 0 ? 0 : Intervals.Max(interval => interval.Share);

    /// <summary>Works it out.</summary>
    internal static Volatility Of(PageRecording recording)
    {
        Dictionary<ulong, long> contents = [];
        Dictionary<ulong, ulong>[] pages = [.. recording.Processes.Select(_ => new Dictionary<ulong, ulong>())];
        long[] compared = new long[pages.Length];
        long[] changed = new long[pages.Length];
        List<VolatilityInterval> intervals = [];
        long present = 0;
        long most = 0;
        TimeSpan last = TimeSpan.Zero;
        for (int i = 0; i < recording.Samples.Count; i++)
        {
            RecordedSample sample = recording.Samples[i];
            long before = present;
            VolatilityInterval interval = new(sample.Time - last, 0, 0, 0, 0, 0, 0);
            for (int process = 0; process < pages.Length; process++)
            {
                compared[process] += pages[process].Count;
            }

            foreach (ProcessChanges process in sample.Processes)
            {
                interval = Follow(process, pages[process.Process], contents, interval, out long different);
                changed[process.Process] += different;
                compared[process.Process] -= process.Changes.Count(change => change.IsGone);
            }

            present += interval.Came - interval.Went;
            most = Math.Max(most, present);
            last = sample.Time;
            if (i > 0)
            {
                intervals.Add(interval with { Compared = before - interval.Went, Present = present, Contents = contents.Count });
            }
        }

        return new Volatility(
            most, intervals, [.. recording.Processes.Select((process, number) => (process, compared[number], changed[number]))]);
    }

    private static VolatilityInterval Follow(
        ProcessChanges process, Dictionary<ulong, ulong> pages, Dictionary<ulong, long> contents, VolatilityInterval interval, out long different)
    {
        different = 0;
        foreach (PageChange change in process.Changes)
        {
            bool wasThere = pages.Remove(change.Place, out ulong old);
            if (wasThere && --CollectionsMarshal.GetValueRefOrAddDefault(contents, old, out _) == 0)
            {
                _ = contents.Remove(old);
            }

            if (change.IsGone)
            {
                interval = interval with { Went = interval.Went + 1 };
                continue;
            }

            pages.Add(change.Place, change.Fingerprint);
            CollectionsMarshal.GetValueRefOrAddDefault(contents, change.Fingerprint, out _)++;
            interval = wasThere ? interval with { Changed = interval.Changed + 1 } : interval with { Came = interval.Came + 1 };
            different += wasThere ? 1 : 0;
        }

        return interval;
    }
}
