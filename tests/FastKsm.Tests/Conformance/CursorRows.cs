using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Rows 21 to 30: batches, cursor, order.</summary>
public sealed class CursorRows : ConformanceRows
{
    [Theory, MemberData(nameof(Indexes))]
    public void Row021_BudgetThatEndsWithTheScan_LeavesTheEndToTheNextBatch(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Unique(5);
        rig.Set("pages_to_scan", 5);
        List<(long, long)> seen = [];
        for (int batch = 0; batch < 4; batch++)
        {
            rig.Batch();
            seen.Add((rig.Scanned, rig.Counters.FullScans));
        }

        Assert.Equal([(5, 0), (0, 1), (5, 1), (0, 2)], seen);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row022_NoPagesToScan_DoesNothing(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Equal(3);
        rig.Set("pages_to_scan", 0);
        KsmCounters before = rig.Counters;
        rig.Batch(3);

        Assert.Equal(before, rig.Counters);
        Assert.False(rig.Machine.Ksm.Scan());
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row023And024_Processes_AreVisitedInListOrder(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area[] areas = [rig.Unique(3, 10), rig.Unique(3, 20), rig.Unique(3, 30)];
        rig.Set("pages_to_scan", 1);

        Assert.Equal([0, 0, 0, 1, 1, 1, 2, 2, 2], Visits(rig, areas, 9));
        _ = rig.Scanned;
        rig.Batch();
        Assert.Equal((0, 1), (rig.Scanned, rig.Counters.FullScans));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row025_Newcomer_StandsBeforeTheCursor(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        List<Area> areas = [rig.Unique(3, 10), rig.Unique(3, 20), rig.Unique(3, 30)];
        rig.Set("pages_to_scan", 1);
        rig.Batch(4);
        areas.Add(rig.Unique(3, 40));

        Assert.Equal([1, 1, 2, 2, 2], Visits(rig, areas, 5));
        rig.Batch();
        Assert.Equal(1, rig.Counters.FullScans);

        // The others are met for the second time, so their pages become unshared; those of the last one have changed.
        _ = areas[2].FillUnique(60);
        List<(long, long)> turns = [];
        for (int batch = 0; batch < 12; batch++)
        {
            KsmCounters before = rig.Counters;
            rig.Batch();
            turns.Add((rig.Counters.RmapItems - before.RmapItems, rig.Counters.PagesUnshared - before.PagesUnshared));
        }

        (long, long)[] expected = [(0, 1), (1, 0), (0, 1), (0, 0)];
        Assert.Equal(expected.SelectMany(turn => Enumerable.Repeat(turn, 3)), turns);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row026_ExitedProcess_IsCleanedBeforeTheNextOne(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area[] areas = [rig.Unique(4, 10), rig.Unique(4, 20), rig.Unique(4, 30)];
        rig.Scan();
        rig.Set("pages_to_scan", 1);
        rig.Batch();
        areas[2].Process.Exit();
        Assert.Equal(12, rig.Counters.RmapItems);

        rig.Batch(3);
        Assert.Equal(12, rig.Counters.RmapItems);
        rig.Batch();
        Assert.Equal(8, rig.Counters.RmapItems);
        Assert.Equal(5, rig.Counters.PagesUnshared);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row027_NobodyRegistered_NothingIsScanned(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(3);
        area.Process.Exit();

        Assert.False(rig.Machine.Ksm.Batch());
        Assert.Equal(0, rig.Counters.FullScans);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row028_LastProcessWithoutRegions_StillCompletesItsScan(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(3);
        rig.Scan();
        _ = area.Unmap();
        rig.Scan();

        Assert.Equal((0, 2), (rig.Counters.RmapItems, rig.Counters.FullScans));
        Assert.False(rig.Machine.Ksm.Batch());
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row029_UnsharedPages_AreCountedThroughTheNextScan(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Unique(6);
        rig.Scan(2);
        rig.Set("pages_to_scan", 2);
        for (int batch = 0; batch < 3; batch++)
        {
            rig.Batch();
            Assert.Equal(6, rig.Counters.PagesUnshared);
        }
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row030_Unmerging_ResetsFullScansOnly(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        rig.Set("smart_scan", 1);
        _ = rig.Unique(5);
        rig.Scan(8);
        KsmCounters before = rig.Counters;
        rig.Set("run", 2);

        Assert.Equal(0, rig.Counters.FullScans);
        Assert.Equal((before.PagesScanned, before.PagesSkipped), (rig.Counters.PagesScanned, rig.Counters.PagesSkipped));
        Assert.True(before.PagesSkipped > 0);
    }

    // Whose items grow, batch by batch.
    private static int[] Visits(KsmRig rig, IReadOnlyList<Area> areas, int batches) =>
        [.. Enumerable.Range(0, batches).Select(_ =>
        {
            long[] before = [.. areas.Select(area => area.Process.KsmStat.RmapItems)];
            rig.Batch();
            return Enumerable.Range(0, areas.Count).Single(i => areas[i].Process.KsmStat.RmapItems > before[i]);
        })];
}
