using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Recording;

/// <summary>Looks at processes once, by the readers of an evaluation, and adds what it sees to a timeline.</summary>
/// <remarks>
/// Addresses that share a frame by fork count once, where they are seen first: they save nothing, and a replay has no
/// fork. KSM pages count at each address, since a replay merges them anew. Checksums leave this type as fingerprints
/// only. Thread safety: one look at a time.
/// </remarks>
internal sealed class PageSampler
{
    private const int MostPages = int.MaxValue;

    private readonly KeyedFingerprint _key;
    private readonly EvaluationOptions _options;

    /// <param name="key">Makes the fingerprints.</param>
    /// <param name="options">How to read.</param>
    internal PageSampler(KeyedFingerprint key, EvaluationOptions options)
    {
        _key = key;
        _options = options;
    }

    /// <summary>Addresses that were left out of the last look because they share a frame with another one.</summary>
    internal long SharedByFork { get; private set; }

    /// <summary>The processes of the last look, those that could not be read among them.</summary>
    internal IReadOnlyList<LiveProcess> Processes { get; private set; } = [];

    /// <summary>Looks.</summary>
    /// <param name="pids">Processes, in the order in which ksmd would visit them.</param>
    /// <param name="time">Time of the sample.</param>
    /// <param name="timeline">Receives it; as it was, where this ends by an exception.</param>
    /// <param name="cancellation">Ends it early, with an exception.</param>
    internal void Sample(IReadOnlyList<int> pids, TimeSpan time, PageTimeline timeline, CancellationToken cancellation)
    {
        using EvaluationContext context = new(HostKsm.Read());
        using PageRecordTable table = new(MostPages);
        List<(LiveProcess Process, int FirstOrdinal, PageRun[] Runs)> batches = [];
        PageCollector collector = new(table, context, _options, new EvaluationProgress())
        {
            Found = batch => batches.Add((batch.Process!, batch.FirstOrdinal, [.. batch.Runs])),
        };
        Processes = collector.Collect(pids, cancellation);
        context.KsmCandidates.Settle(table, context);
        SharedByFork = 0;
        timeline.Begin(time);
        HashSet<(ulong Frame, ulong Checksum)> frames = [];
        for (int first = 0, next; first < batches.Count; first = next)
        {
            LiveProcess process = batches[first].Process;
            List<(ulong Place, ulong Fingerprint)> pages = [];
            for (next = first; next < batches.Count && ReferenceEquals(batches[next].Process, process); next++)
            {
                Take(batches[next].FirstOrdinal, batches[next].Runs, table, context, frames, pages);
            }

            if (process.Status == ReadStatus.Read)
            {
                timeline.Add(process.Pid, process.Stat.StartTime, process.Stat.Name, pages);
            }
        }

        timeline.End();
    }

    private void Take(
        int ordinal,
        PageRun[] runs,
        PageRecordTable table,
        EvaluationContext context,
        HashSet<(ulong Frame, ulong Checksum)> frames,
        List<(ulong Place, ulong Fingerprint)> pages)
    {
        ulong pageSize = (ulong)Environment.SystemPageSize;
        foreach (PageRun run in runs)
        {
            for (int i = 0; i < run.PageCount; i++, ordinal++)
            {
                ref PageRecord record = ref table[ordinal];
                if (!record.IsRead)
                {
                    continue;
                }

                if (!record.IsKsm && !frames.Add((record.Frame, record.Checksum)))
                {
                    SharedByFork++;
                    continue;
                }

                ulong fingerprint = context.IsZeroContent(record.Checksum) ? KeyedFingerprint.Zero : _key.Of(record.Checksum);
                pages.Add(((run.Start / pageSize) + (ulong)i, fingerprint));
            }
        }
    }
}
