using FastKsm.Primitives;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Rows 142 to 148: the shape of the stable tree, order, registration. Figures include the process Z, registered first.</summary>
public sealed class TreeShapeRows : ConformanceRows
{
    private const ulong ContentOfZ = 999_999;

    [Theory, MemberData(nameof(Indexes))]
    public void Row142_NodeWithAPageButNoItem_IsNoCandidate(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index);
        Area a = rig.Map(rig.Spawn(), 4);
        _ = a[..2].Fill(7);
        rig.Scan(2);
        _ = a.Write(3, 7);
        rig.Scan();
        Area b = a.In(a.Process.Fork());
        _ = a[..2].FillUnique(500);

        rig.Scan();
        rig.Expect(1, 1, 2, 3);
        Assert.Equal((0, 2), (a.Process.KsmStat.MergingPages, b.Process.KsmStat.MergingPages));
        rig.Scan();
        rig.Expect(1, 3, 3, 0);
        Assert.Equal((1, 3), (a.Process.KsmStat.MergingPages, b.Process.KsmStat.MergingPages));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row143And144_ChainBesideThePath_StaysAsItIs(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index, limit: 2);
        Area a = rig.Map(rig.Spawn(), 8);
        _ = a[..2].Fill(9);
        _ = a[2..6].Fill(6);
        rig.Scan(2);
        rig.Expect(3, 3, 1, 0);
        Assert.Equal((1, 2), rig.Chains);
        _ = a[4..6].Advise(Advice.DontNeed);
        for (int scan = 0; scan < 3; scan++)
        {
            rig.Scan();
            rig.Expect(2, 2, 1, 0);
            Assert.Equal((1, 1), rig.Chains);
        }

        _ = a.Write(6, 11);
        rig.Scan(2);
        Assert.Equal((1, 1), rig.Chains);
        _ = a.Write(6, 5);
        rig.Scan(2);
        Assert.Equal((0, 0), rig.Chains);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row144b_ChainAtTheRoot_IsCollapsedByAnySearch(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index, limit: 2);
        Area a = rig.Map(rig.Spawn(), 8);
        _ = a[..4].Fill(6);
        _ = a[4..6].Fill(9);
        rig.Scan(2);
        _ = a[..2].Advise(Advice.DontNeed);
        rig.Scan();

        rig.Expect(2, 2, 1, 0);
        Assert.Equal((0, 0), rig.Chains);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row145_UnregisteredAddressSpace_ComesBackAtTheEnd(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index, limit: 2);
        Area a = rig.Map(rig.Spawn(), 1).Fill(4);
        Area b = rig.Map(rig.Spawn(), 2).FillUnique(500);
        rig.Scan(2);
        _ = a.Advise(Advice.Unmergeable);
        rig.Scan();
        _ = a.Advise(Advice.Mergeable);
        _ = b.Fill(4);

        rig.Scan();
        rig.Expect(0, 0, 1, 3);
        rig.Scan();
        rig.Expect(1, 1, 2, 0);
        Assert.Equal((0, 2), (a.Process.KsmStat.MergingPages, b.Process.KsmStat.MergingPages));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row145b_AddressSpaceThatStays_KeepsItsPlace(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index, limit: 2);
        Area a = rig.Map(rig.Spawn(), 1).Fill(500);
        Area b = rig.Map(rig.Spawn(), 2).FillUnique(600);
        rig.Scan(2);
        _ = a.Fill(4);
        _ = b.Fill(4);
        rig.Scan(2);

        Assert.Equal((1, 1), (a.Process.KsmStat.MergingPages, b.Process.KsmStat.MergingPages));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row146_AdvisedButUntouched_KeepsItsPlace(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index, limit: 2);
        Area a = rig.Map(rig.Spawn(), 1);
        Area b = rig.Map(rig.Spawn(), 2).FillUnique(600);
        rig.Scan();
        _ = a.Fill(4);
        _ = b.Fill(4);
        rig.Scan(2);

        Assert.Equal((1, 1), (a.Process.KsmStat.MergingPages, b.Process.KsmStat.MergingPages));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row146b_AdvisedOnASharedRegionOnly_IsNotRegistered(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index, limit: 2);
        Process first = rig.Spawn();
        _ = rig.Map(first, 1, new MapOptions { Shared = true });
        Area b = rig.Map(rig.Spawn(), 2).FillUnique(600);
        Area a = rig.Map(first, 1);
        rig.Scan();
        _ = a.Fill(4);
        _ = b.Fill(4);
        rig.Scan(2);

        Assert.Equal((0, 2), (a.Process.KsmStat.MergingPages, b.Process.KsmStat.MergingPages));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row147_MergedZeroes_AreJoinedByAChildWhileNewOnesBecomeZeroFrames(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index, limit: 3);
        Area a = rig.Map(rig.Spawn(), 8);
        _ = a[..5].Fill(0);
        rig.Scan(2);
        Assert.Equal((1, 2), rig.Chains);
        rig.Set("use_zero_pages", 1);
        _ = a[5..].Fill(0);
        _ = a.Process.Fork();

        rig.Scan();
        rig.Expect(2, 8, 1, 6);
        Assert.Equal(0, rig.Counters.KsmZeroPages);
        rig.Scan();
        rig.Expect(2, 8, 1, 6);
        Assert.Equal(6, rig.Counters.KsmZeroPages);
        rig.Scan();
        rig.Expect(2, 8, 1, 0);
        Assert.Equal(6, rig.Counters.KsmZeroPages);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row148_LockedHoles_AreZeroPagesUnlessReadOnly(MergeIndexKind index)
    {
        using KsmRig rig = WithZ(index, limit: 4);
        Area a = rig.Map(rig.Spawn(), 7);
        _ = a[..2].Fill(0);
        rig.Scan(2);
        _ = a[2..6].Lock();
        _ = a[6..].Protect(Protection.Read).Lock();

        rig.Scan();
        rig.Expect(1, 1, 1, 4);
        rig.Scan();
        rig.Expect(2, 4, 1, 0);
        Assert.Equal((1, 2), rig.Chains);
        Assert.True(a.IsZero(6));
    }

    private static KsmRig WithZ(MergeIndexKind index, int limit = 256)
    {
        KsmRig rig = new(index);
        rig.Set("max_page_sharing", limit);
        _ = rig.Equal(1, ContentOfZ);
        return rig;
    }
}
