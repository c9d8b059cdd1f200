using System.Linq;
using FastKsm.Primitives;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Rows 31 to 62, but for 54 (reclaim): copies, unmerging, pages that go.</summary>
public sealed class CopyRows : ConformanceRows
{
    [Theory, MemberData(nameof(Indexes))]
    public void Row031To033And035_WrittenPage_LeavesAndComesBack(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(11);
        rig.Scan(2);
        rig.Expect(1, 10, 0, 0);
        Pfn merged = area.Frame(4);
        _ = area.Write(4, 90);
        Assert.Equal(1, rig.Copied);
        Assert.NotEqual(merged, area.Frame(4));
        rig.Expect(1, 10, 0, 0);

        rig.Scan();
        rig.Expect(1, 9, 0, 1);
        rig.Scan();
        rig.Expect(1, 9, 1, 0);
        rig.Scan();
        rig.Expect(1, 9, 1, 0);

        _ = area.Write(4, 7);
        rig.Scan();
        rig.Expect(1, 9, 0, 1);
        rig.Scan();
        rig.Expect(1, 10, 0, 0);

        _ = area[..2].Advise(Advice.DontNeed);
        rig.Expect(1, 10, 0, 0);
        rig.Scan();
        rig.Expect(1, 8, 0, 0);
        Assert.Equal(9, rig.Counters.RmapItems);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row034_PageWrittenAndRestored_MergesInOneScan(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(3);
        rig.Scan(2);
        _ = area.Write(1, 90).Write(1, 7);
        rig.Scan();

        rig.Expect(1, 2, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row036To038_Unmergeable_CopiesAtOnceAndCountsLater(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area large = rig.Map(rig.Spawn(), 8).Fill(7);
        Area last = rig.Map(large.Process, 1).Fill(7);
        rig.Scan(2);
        rig.Expect(1, 8, 0, 0);

        _ = large.Advise(Advice.Unmergeable);
        Assert.Equal(8, rig.Copied);
        rig.Expect(1, 8, 0, 0);
        Assert.Equal(1, last.MapCount(0));
        large.AssertNoDuplicates();

        rig.Scan();
        rig.Expect(1, 0, 0, 0);
        Assert.Equal((1, -64), (rig.Counters.RmapItems, rig.Counters.GeneralProfit));
        Assert.Equal(4032, last.Process.KsmStat.ProcessProfit);

        _ = last.Write(0, 90);
        Assert.Equal(1, rig.Copied);
        rig.Scan();
        rig.Expect(0, 0, 0, 1);
        rig.Scan();
        rig.Expect(0, 0, 1, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row039_BothPagesChangedInOneByte_NothingStaysMerged(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(2);
        rig.Scan(2);
        area.Process.Cpu.Write(area.Process, area.At(0), [1]);
        area.Process.Cpu.Write(area.Process, area.At(1), [2]);
        rig.Scan();

        rig.Expect(0, 0, 0, 2);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row040_UnmergeableAndBack_MergesInOneScan(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        _ = area.Advise(Advice.Unmergeable).Advise(Advice.Mergeable);
        rig.Scan();

        rig.Expect(1, 3, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row041_DroppedAndRefilled_MergesInOneScan(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        _ = area.Advise(Advice.DontNeed).Fill(7);
        rig.Scan();

        rig.Expect(1, 3, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row042_UnmappedAndMappedAgain_MergesInOneScan(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        _ = area.Unmap();
        _ = area.Process.Map(area.Bytes, new MapOptions { At = area.Address });
        _ = area.Fill(7).Advise(Advice.Mergeable);
        rig.Scan();

        rig.Expect(1, 3, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row043_ChildWritesAll_ParentStaysMerged(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(5);
        rig.Scan(2);
        Area child = area.In(area.Process.Fork()).FillUnique(200);
        Assert.Equal(5, rig.Copied);

        rig.Scan();
        rig.Expect(1, 4, 0, 5);
        rig.Scan();
        rig.Expect(1, 4, 5, 0);
        Assert.Equal(0, child.Process.KsmStat.MergingPages);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row044_FirstOfEachPairWritten_SharesBecomeLoads(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Map(rig.Spawn(), 4000);
        for (int page = 0; page < 4000; page++)
        {
            _ = area.Write(page, 1000 + (ulong)(page / 2));
        }

        rig.Scan(2);
        rig.Expect(2000, 2000, 0, 0);
        Assert.Equal(7936000, rig.Counters.GeneralProfit);

        for (int page = 0; page < 4000; page += 2)
        {
            _ = area.Write(page, 9000 + (ulong)page);
        }

        Assert.Equal(2000, rig.Copied);
        rig.Scan();
        rig.Expect(2000, 0, 0, 2000);
        Assert.Equal(-256000, rig.Counters.GeneralProfit);
        rig.Scan();
        rig.Expect(2000, 0, 2000, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row045And046_MovedPages_ArePrivateFirst(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        Area moved = area with { Address = area.Process.Remap(area.Address, area.Bytes, area.Bytes, to: area.Address + 0x10_0000) };
        Assert.Equal(4, rig.Copied);
        Assert.True(area.Process.KsmStat.Mergeable);
        moved.AssertNoDuplicates();
        rig.Expect(1, 3, 0, 0);

        rig.Scan();
        rig.Expect(0, 0, 0, 4);
        rig.Scan();
        rig.Expect(1, 3, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row047_ShrunkInPlace_CopiesNothing(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        Assert.Equal(area.Address, area.Process.Remap(area.Address, area.Bytes, 2 * KsmRig.PageSize));
        Assert.Equal(0, rig.Copied);
        rig.Scan();

        rig.Expect(1, 1, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row048_InaccessiblePages_AreCopiedByForcedWritesAndUnmerging(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4).Protect(Protection.None);
        rig.Scan(2);
        rig.Expect(1, 3, 0, 0);
        area.Process.Cpu.ForceWrite(area.Process, area.At(0), [1]);
        Assert.Equal(1, rig.Copied);
        _ = area[2..].Advise(Advice.Unmergeable);
        Assert.Equal(2, rig.Copied);
        rig.Scan();

        rig.Expect(1, 0, 0, 1);
        Assert.Equal(2, rig.Counters.RmapItems);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row049_Locking_CopiesAndMergesAgain(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        _ = area.Lock();
        Assert.Equal(4, rig.Copied);
        area.AssertNoDuplicates();
        rig.Scan();

        rig.Expect(1, 3, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row050_LockingReadOnlyPages_CopiesNothing(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4).Protect(Protection.Read);
        rig.Scan(2);
        _ = area.Lock();

        Assert.Equal(0, rig.Copied);
        Assert.Equal(4, area.MapCount(0));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row051_Protecting_CopiesNothing(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(2);
        rig.Scan(2);
        _ = area.Protect(Protection.None).Protect(Protection.Read).Protect(Protection.Read | Protection.Write);

        Assert.Equal((0, 2), (rig.Copied, area.MapCount(0)));
        _ = area.Write(0, 90);
        Assert.Equal((1, 1), (rig.Copied, area.MapCount(1)));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row052_PopulatingToWrite_CopiesAll(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        _ = area.Advise(Advice.PopulateRead);
        Assert.Equal(0, rig.Copied);
        _ = area.Advise(Advice.PopulateWrite);

        Assert.Equal(4, rig.Copied);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row053_PinForReading_CopiesThePinnedPage(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        using (area.Process.Pin(area.At(0), PinKind.Read))
        {
            Assert.Equal((1, 1, 3), (rig.Copied, area.MapCount(0), area.MapCount(1)));
        }
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row055_UnmergedPage_IsWrittenInPlace(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(2);
        rig.Scan(2);
        _ = area.Advise(Advice.Unmergeable);
        (Pfn frame, _) = (area.Frame(0), rig.Copied);
        _ = area.Write(0, 90);

        Assert.Equal((frame, 0), (area.Frame(0), rig.Copied));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row056And057_ExitedProcess_CountsUntilUnmerged(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(10);
        rig.Scan(2);
        rig.Set("run", 0);
        area.Process.Exit();
        rig.Expect(1, 9, 0, 0);
        Assert.Equal(Errno.Busy, Assert.Throws<MemoryOperationException>(() => rig.Set("max_page_sharing", 10)).Error);

        rig.Set("run", 2);
        rig.Expect(0, 0, 0, 0);
        rig.Set("max_page_sharing", 10);
        Assert.Equal("10", rig.Machine.Ksm.Read("max_page_sharing"));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row058_Exec_StartsAnewAndCountsLater(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(5);
        rig.Scan(2);
        area.Process.Exec();
        Assert.Equal(default, area.Process.KsmStat);
        rig.Expect(1, 4, 0, 0);
        rig.Scan();

        rig.Expect(0, 0, 0, 0);
        Assert.Equal(0, rig.Counters.RmapItems);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row059_Stopping_ChangesNothing(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(5);
        rig.Scan(2);
        rig.Set("run", 0);

        rig.Expect(1, 4, 0, 0);
        Assert.Equal(5, area.MapCount(0));
        Assert.False(rig.Machine.Ksm.Batch());
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row060To062_Unmerging_CopiesEverythingOnce(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(4);
        rig.Scan(2);
        rig.Set("run", 2);
        rig.Expect(0, 0, 0, 0);
        Assert.Equal((0, 4), (rig.Counters.RmapItems, rig.Copied));
        Assert.True(area.Process.KsmStat.Mergeable);
        Assert.Equal("2", rig.Machine.Ksm.Read("run"));
        area.AssertNoDuplicates();

        rig.Set("run", 1);
        rig.Scan();
        rig.Expect(0, 0, 0, 4);
        rig.Scan();
        rig.Expect(1, 3, 0, 0);

        rig.Set("run", 2);
        Assert.Equal(4, rig.Copied);
        rig.Set("run", 2);
        Assert.Equal((0, 0), (rig.Copied, rig.Counters.RmapItems));
        Assert.True(Enumerable.Range(0, 4).All(page => area.MapCount(page) == 1), "All pages are private.");
    }
}
