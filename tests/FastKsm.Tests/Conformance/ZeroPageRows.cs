using System.Linq;
using FastKsm.Primitives;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Rows 79 to 88: zero pages.</summary>
public sealed class ZeroPageRows : ConformanceRows
{
    [Theory, MemberData(nameof(Indexes))]
    public void Row079_WithoutUseZeroPages_ZeroesMergeAsAnyContent(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Equal(10, content: 0);
        rig.Scan(2);

        rig.Expect(1, 9, 0, 0);
        Assert.Equal(0, rig.Counters.KsmZeroPages);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row080To085_ZeroFrames_AreCountedAtOnce(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        rig.Set("use_zero_pages", 1);
        Area area = rig.Equal(10, content: 0);
        rig.Scan(2);
        rig.Expect(0, 0, 0, 10);
        Assert.Equal((10, 40320), (rig.Counters.KsmZeroPages, rig.Counters.GeneralProfit));
        Assert.Equal(0, area.Process.ResidentAnonymousPages);
        Assert.All(Enumerable.Range(0, 10), page => Assert.True(area.IsZero(page)));

        _ = rig.Scanned;
        rig.Scan();
        rig.Expect(0, 0, 0, 0);
        Assert.Equal((0, 0), (rig.Counters.RmapItems, rig.Scanned));
        Assert.Equal((10, 40960), (rig.Counters.KsmZeroPages, rig.Counters.GeneralProfit));

        _ = area.Write(0, 7);
        Assert.Equal((9, 0), (rig.Counters.KsmZeroPages, rig.Copied));
        rig.Scan();
        rig.Expect(0, 0, 0, 1);
        Assert.Equal(1, rig.Counters.RmapItems);

        Process child = area.Process.Fork();
        Assert.Equal((18, 9), (rig.Counters.KsmZeroPages, child.KsmStat.ZeroPages));
        child.Exit();
        Assert.Equal(9, rig.Counters.KsmZeroPages);

        _ = area[1..3].Advise(Advice.DontNeed);
        Assert.Equal(7, rig.Counters.KsmZeroPages);
        _ = area[3..6].Advise(Advice.Unmergeable);
        Assert.Equal(4, rig.Counters.KsmZeroPages);

        rig.Set("run", 2);
        Assert.Equal(0, rig.Counters.KsmZeroPages);
        area.AssertNoDuplicates();
        Assert.All(Enumerable.Range(3, 7), page => Assert.False(area.IsZero(page)));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row086_MergedZeroes_StayMerged(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Map(rig.Spawn(), 6);
        _ = area[..4].Fill(0);
        rig.Scan(2);
        rig.Set("use_zero_pages", 1);
        rig.Scan(2);
        rig.Expect(1, 3, 0, 0);

        _ = area[4..].Fill(0);
        rig.Scan(2);
        Assert.Equal((1, 3), (rig.Counters.PagesShared, rig.Counters.PagesSharing));
        Assert.Equal(2, rig.Counters.KsmZeroPages);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row087_ZeroFrames_UnmergedAndWritten(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        rig.Set("use_zero_pages", 1);
        Area area = rig.Equal(512, content: 0);
        rig.Scan(2);
        Assert.Equal(512, area.Process.KsmStat.ZeroPages);
        _ = area[..256].Advise(Advice.Unmergeable);
        Assert.Equal(256, area.Process.KsmStat.ZeroPages);
        _ = area[256..].FillUnique(100);

        Assert.Equal(0, area.Process.KsmStat.ZeroPages);
        area.AssertNoDuplicates();
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row088_LockedZeroPages_BecomeZeroFrames(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        rig.Set("use_zero_pages", 1);
        _ = rig.Equal(2, content: 0).Lock();
        rig.Scan(2);

        Assert.Equal(2, rig.Counters.KsmZeroPages);
    }
}
