using FastKsm.Primitives;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Rows 89 to 103, but for 97 (paging out) and 100 (ksmd running at once): fork and prctl.</summary>
/// <remarks>Row 95's argument errors are those of a system call that the face does not have: its one argument is a boolean.</remarks>
public sealed class ForkRows : ConformanceRows
{
    [Theory, MemberData(nameof(Indexes))]
    public void Row089To091_ChildOfMergedPages_JoinsAtTheNextScan(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(10);
        rig.Scan(2);
        Process child = area.Process.Fork();
        rig.Expect(1, 9, 0, 0);
        Assert.Equal(new KsmStat { Mergeable = true }, child.KsmStat);
        Assert.Equal(20, area.MapCount(0));

        rig.Scan();
        rig.Expect(1, 19, 0, 0);
        Assert.Equal((10, 10, 40320), (child.KsmStat.MergingPages, child.KsmStat.RmapItems, child.KsmStat.ProcessProfit));

        child.Exit();
        rig.Expect(1, 19, 0, 0);
        rig.Scan();
        rig.Expect(1, 9, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row092_PagesSharedByForkOnly_NeverMergeWithThemselves(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Unique(4);
        _ = area.Process.Fork();
        rig.Scan(2);

        rig.Expect(0, 0, 4, 4);
        Assert.Equal(2, area.MapCount(0));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row093_EqualPagesSharedByFork_Merge(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(2);
        _ = area.Process.Fork();
        rig.Scan(2);

        rig.Expect(1, 3, 0, 0);
        Assert.Equal(4, area.MapCount(0));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row094_ParentDropsItsPages_ChildTakesThemOver(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Map(rig.Spawn(), 3);
        _ = area[..2].Fill(7);
        rig.Scan(2);
        Process child = area.Process.Fork();
        _ = area[..2].Advise(Advice.DontNeed);
        _ = area.Write(2, 7);

        rig.Scan();
        rig.Expect(1, 1, 0, 1);
        rig.Scan();
        rig.Expect(1, 2, 0, 0);
        Assert.Equal(2, child.KsmStat.MergingPages);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row095_MergingAnything_IsSetAndRead(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Process process = rig.Spawn();
        Assert.False(process.MergesAnything);
        process.SetMergesAnything(true);

        Assert.True(process.MergesAnything);
        Assert.True(process.KsmStat.MergeAny);
        process.SetMergesAnything(true);
        process.SetMergesAnything(false);
        Assert.False(process.MergesAnything);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row096_NewMappings_AreMergeableUnlessShared(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Process process = rig.Spawn();
        process.SetMergesAnything(true);
        Area shared = rig.Map(process, 2, new MapOptions { Shared = true }, mergeable: false).Fill(7);
        Assert.False(process.KsmStat.Mergeable);
        rig.Scan();
        Assert.Equal(0, rig.Counters.RmapItems);

        int mappings = process.MapCount;
        for (ulong i = 0; i < 3; i++)
        {
            ulong at = shared.Address + ((64 + i) * KsmRig.PageSize);
            Assert.Equal(at, process.Map(KsmRig.PageSize, new MapOptions { At = at }));
            process.Cpu.WritePage(process, at, 9);
        }

        Assert.Equal(mappings + 1, process.MapCount);
        rig.Scan(2);
        rig.Expect(1, 2, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row098_Disabling_UnmergesWhatWasAdvisedToo(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(3);
        area.Process.SetMergesAnything(true);
        rig.Scan(2);
        area.Process.SetMergesAnything(false);

        Assert.Equal((false, false), (area.Process.KsmStat.Mergeable, area.Process.MergesAnything));
        Assert.Equal(3, rig.Copied);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row099_DisablingWhatWasNotEnabled_ChangesNothing(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(3);
        rig.Scan(2);
        area.Process.SetMergesAnything(false);

        Assert.True(area.Process.KsmStat.Mergeable);
        Assert.Equal((0, 3), (rig.Copied, area.MapCount(0)));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row101_WithoutMergeableMappings_TheWillToMergeStays(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Process process = rig.Spawn();
        process.SetMergesAnything(true);
        Area area = rig.Map(process, 4, mergeable: false).Advise(Advice.Unmergeable);
        rig.Scan();
        Assert.True(process.MergesAnything);
        Assert.False(rig.Machine.Ksm.Batch());

        _ = rig.Map(area.Process, 4, mergeable: false).Fill(7);
        rig.Scan(2);
        rig.Expect(1, 3, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row102_Child_StartsWithoutMergingPages(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(512);
        rig.Scan(2);
        Assert.Equal(512, area.Process.KsmStat.MergingPages);

        Assert.Equal(0, area.Process.Fork().KsmStat.MergingPages);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row103_DisablingAfterMerging_CopiesAll(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Process process = rig.Spawn();
        process.SetMergesAnything(true);
        Area area = rig.Map(process, 2000, mergeable: false).Fill(7);
        rig.Scan(2);
        Assert.Equal(2000, process.KsmStat.MergingPages);
        process.SetMergesAnything(false);
        Assert.Equal(2000, rig.Copied);
        area.AssertNoDuplicates();
        rig.Scan();

        rig.Expect(0, 0, 0, 0);
        Assert.Equal(0, rig.Counters.RmapItems);
    }
}
