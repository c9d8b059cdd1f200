using System.Collections.Generic;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Rows 104 to 110: smart scan.</summary>
public sealed class SmartScanRows : ConformanceRows
{
    [Theory, MemberData(nameof(Indexes))]
    public void Row104_UniquePage_IsVisitedEverMoreRarely(MergeIndexKind index)
    {
        using KsmRig rig = Smart(index);
        _ = rig.Unique(1);

        Assert.Equal([1, 2, 3, 4, 6, 9, 14, 23, 32, 41, 50, 59, 68], VisitedScans(rig, 70, () => { }));
        Assert.Equal(57, rig.Counters.PagesSkipped);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row105_ChangingPage_IsVisitedEverMoreRarely(MergeIndexKind index)
    {
        using KsmRig rig = Smart(index);
        Area area = rig.Unique(1);
        ulong content = 1000;

        Assert.Equal([1, 2, 3, 4, 6, 9, 14, 23], VisitedScans(rig, 30, () => area.Write(0, content++)));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row106_SkippedPages_AreVolatile(MergeIndexKind index)
    {
        using KsmRig rig = Smart(index);
        _ = MergingRows.Multiplicities(rig);
        rig.Scan();
        for (int scan = 2; scan <= 8; scan++)
        {
            _ = rig.Skipped;
            rig.Scan();
            bool skipped = scan is 5 or 7 or 8;
            rig.Expect(64, 726, skipped ? 0 : 50, skipped ? 50 : 0);
            Assert.Equal(skipped ? 50 : 0, rig.Skipped);
        }
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row107_SwitchedOffAndOn_GoesOnWhereItWas(MergeIndexKind index)
    {
        using KsmRig rig = Smart(index);
        _ = rig.Unique(1);
        rig.Scan(20);
        rig.Set("smart_scan", 0);
        Assert.Equal([1, 2, 3, 4, 5], VisitedScans(rig, 5, () => { }));
        rig.Set("smart_scan", 1);

        Assert.Equal([3, 12], VisitedScans(rig, 20, () => { }));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row108_CopiedPageOfAYoungItem_IsYoung(MergeIndexKind index)
    {
        using KsmRig rig = Smart(index);
        Area area = rig.Equal(2);
        rig.Scan(22);
        _ = area.Write(0, 50);
        List<(long, long, long, long)> seen = [];
        for (int scan = 0; scan < 6; scan++)
        {
            rig.Scan();
            seen.Add(rig.State);
        }

        Assert.Equal([(1, 0, 0, 1), (1, 0, 1, 0), (1, 0, 0, 1), (1, 0, 1, 0), (1, 0, 0, 1), (1, 0, 0, 1)], seen);
        Assert.Equal(3, rig.Skipped);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row109_CopiedPageOfAnOldItem_IsSkippedAtOnce(MergeIndexKind index)
    {
        using KsmRig rig = Smart(index);
        Area area = rig.Unique(2);
        rig.Scan(20);
        rig.Set("smart_scan", 0);
        _ = area.Fill(7);
        rig.Scan(2);
        rig.Expect(1, 1, 0, 0);
        rig.Set("smart_scan", 1);
        _ = area.Write(0, 50);
        _ = rig.Skipped;
        rig.Scan();

        rig.Expect(1, 0, 0, 1);
        Assert.Equal(1, rig.Skipped);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row110_MergedPages_AreNeverSkipped(MergeIndexKind index)
    {
        using KsmRig rig = Smart(index);
        _ = rig.Equal(2);
        rig.Scan(2);
        _ = rig.Scanned;
        rig.Scan(30);

        Assert.Equal((60, 0), (rig.Scanned, rig.Counters.PagesSkipped));
    }

    private static KsmRig Smart(MergeIndexKind index)
    {
        KsmRig rig = new(index);
        rig.Set("smart_scan", 1);
        return rig;
    }

    // Numbers, from 1, of the scans in which the only page was visited.
    private static List<int> VisitedScans(KsmRig rig, int scans, System.Action before)
    {
        List<int> visited = [];
        for (int scan = 1; scan <= scans; scan++)
        {
            before();
            _ = rig.Scanned;
            rig.Scan();
            if (rig.Scanned != 0)
            {
                visited.Add(scan);
            }
        }

        return visited;
    }
}
