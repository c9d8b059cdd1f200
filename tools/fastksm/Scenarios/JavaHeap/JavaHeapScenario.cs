using System;
using System.Collections.Generic;
using System.CommandLine;

namespace FastKsm.Cli.Scenarios.JavaHeap;

/// <summary>
/// A heap of equal pages, all merged, cut into as many VMAs as pages by mprotect; then merged frames are migrated, once with
/// walks over all VMAs, as Linux does it, and once with walks by page index.
/// </summary>
internal sealed class JavaHeapScenario : IScenario
{
    private const string PublishedBefore = "705.12";
    private const string PublishedAfter = "1.67";

    private static readonly Option<long> s_vmas = ScenarioOption.Number(
        "--vmas", "Pages of the heap, and VMAs after its protection has been changed.", 20_000, least: 2, most: 1_000_000);

    private static readonly Option<long> s_sharing = ScenarioOption.Number(
        "--sharing", "Pages that a merged frame may have (max_page_sharing).", 256, least: 2, most: 65_536);

    private static readonly Option<long> s_frames = ScenarioOption.Number(
        "--frames", "Merged frames to migrate, as many as there are at most.", 2, least: 1, most: 100_000);

    /// <inheritdoc/>
    public string Name => "java-heap";

    /// <inheritdoc/>
    public string Summary => "What migrating a merged frame of a heap cut into many VMAs takes, before and after walks by page index.";

    /// <inheritdoc/>
    public IReadOnlyList<Option> Options { get; } = [s_vmas, s_sharing, s_frames];

    /// <inheritdoc/>
    public ScenarioReport Run(ParseResult options, ulong seed)
    {
        long vmas = options.GetValue(s_vmas);
        long sharing = options.GetValue(s_sharing);
        long frames = options.GetValue(s_frames);
        HeapRun before = HeapRun.Perform(vmas, sharing, frames, Pruning.FullRange);
        HeapRun after = HeapRun.Perform(vmas, sharing, frames, Pruning.PageIndex);
        return new ScenarioReport
        {
            Tables = [Layout(before, vmas), Walks(before, after)],
            Notes =
            [
                "Time that passed on this host: the columns of holds and walks. A hold is one pass of one page; a walk is all "
                + "holds of one migrated frame.",
                $"Published for 20,000 VMAs and 256 pages a frame, with the kernel's change: longest walk {PublishedBefore} ms before, "
                + $"{PublishedAfter} ms after (422 times). What the mail calls the time that the lock is held is that of a walk.",
                "Migration unmaps in one pass, which ends with the last page, and restores in two, which do not.",
            ],
        };
    }

    private static ScenarioTable Layout(HeapRun run, long vmas)
    {
        ScenarioTable table = new(
            "layout",
            "The heap",
            new ScenarioColumn("vmas", "VMAs"),
            new ScenarioColumn("pages_shared", "merged frames"),
            new ScenarioColumn("pages_sharing", "pages saved"),
            new ScenarioColumn("migrated", "frames migrated"));
        table.Add(vmas, run.PagesShared, run.PagesSharing, run.Migrated);
        return table;
    }

    private static ScenarioTable Walks(HeapRun before, HeapRun after)
    {
        ScenarioTable table = new(
            "walks",
            "Walks of the migrations",
            new ScenarioColumn("walks_over", "walks over", IsFigure: false),
            new ScenarioColumn("to", "to", IsFigure: false),
            new ScenarioColumn("holds", "holds"),
            new ScenarioColumn("nodes", "nodes"),
            new ScenarioColumn("rejected_by_address", "other address"),
            new ScenarioColumn("rejected_by_pass", "other pass"),
            new ScenarioColumn("visits", "visits"),
            new ScenarioColumn("hold_mean_us", "hold mean, us", IsWallClock: true),
            new ScenarioColumn("hold_p99_us", "hold p99, us", IsWallClock: true),
            new ScenarioColumn("hold_max_us", "hold max, us", IsWallClock: true),
            new ScenarioColumn("walk_mean_ms", "walk mean, ms", IsWallClock: true));
        foreach ((string mode, HeapRun run) in (ReadOnlySpan<(string, HeapRun)>)[("all VMAs", before), ("page index", after)])
        {
            Add(table, mode, "unmap", run.Unmap, run.Migrated);
            Add(table, mode, "restore", run.Restore, run.Migrated);
        }

        AddRatio(table, "unmap", before.Unmap, after.Unmap);
        AddRatio(table, "restore", before.Restore, after.Restore);
        return table;
    }

    private static void Add(ScenarioTable table, string mode, string purpose, in WalkFigures figures, long frames) => table.Add(
        mode, purpose, figures.Hold.Count, figures.NodesVisited, figures.RejectedByAddress, figures.RejectedByPass, figures.Visits,
        ScenarioCell.Of(Mean(figures.Hold), 2),
        ScenarioCell.Of(figures.Hold.Percentile99.TotalMicroseconds, 1),
        ScenarioCell.Of(figures.Hold.Max.TotalMicroseconds, 1),
        ScenarioCell.Of(figures.Hold.Total.TotalMilliseconds / frames, 3));

    private static void AddRatio(ScenarioTable table, string purpose, in WalkFigures before, in WalkFigures after) => table.Add(
        "ratio", purpose, Times(before.Hold.Count, after.Hold.Count), Times(before.NodesVisited, after.NodesVisited), "-", "-",
        Times(before.Visits, after.Visits),
        Times(Mean(before.Hold), Mean(after.Hold)),
        Times(before.Hold.Percentile99.TotalMicroseconds, after.Hold.Percentile99.TotalMicroseconds),
        Times(before.Hold.Max.TotalMicroseconds, after.Hold.Max.TotalMicroseconds),
        Times(before.Hold.Total.TotalMilliseconds, after.Hold.Total.TotalMilliseconds));

    private static double Mean(HoldTimes hold) => hold.Total.TotalMicroseconds / hold.Count;

    private static ScenarioCell Times(double before, double after) => after == 0 ? "-" : ScenarioCell.Of(before / after, 1, " x");
}
