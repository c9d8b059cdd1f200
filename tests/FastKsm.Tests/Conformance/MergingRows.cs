using System;
using System.Linq;
using FastKsm.Primitives;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Rows 1 to 20: basic merging.</summary>
public sealed class MergingRows : ConformanceRows
{
    [Theory, MemberData(nameof(Indexes))]
    public void Row001_Advice_ChangesNoCounter(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Equal(10);

        rig.Expect(0, 0, 0, 0);
        Assert.Equal((0, 0), (rig.Counters.RmapItems, rig.Counters.FullScans));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row002_FirstScan_MakesItems(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(10);
        rig.Scan();

        rig.Expect(0, 0, 0, 10);
        Assert.Equal((10, -640, 10), (rig.Scanned, rig.Counters.GeneralProfit, area.Process.KsmStat.RmapItems));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row003_SecondScan_Merges(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(10);
        rig.Scan();
        _ = rig.Scanned;
        rig.Scan();

        rig.Expect(1, 9, 0, 0);
        Assert.Equal((10, 36224), (rig.Scanned, rig.Counters.GeneralProfit));
        Assert.Equal((10, 40320), (area.Process.KsmStat.MergingPages, area.Process.KsmStat.ProcessProfit));
        Assert.Equal(10, area.MapCount(0));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row004_ThirdScan_ChangesNothing(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Equal(10);
        rig.Scan(2);
        _ = rig.Scanned;
        rig.Scan();

        rig.Expect(1, 9, 0, 0);
        Assert.Equal(10, rig.Scanned);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row005_SurvivingFrame_IsTheSecondPages(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(10);
        Pfn second = area.Frame(1);
        rig.Scan(2);

        Assert.All(Enumerable.Range(0, 10), page => Assert.Equal(second, area.Frame(page)));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row006_TwoRegions_AreScannedByAddress(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area low = rig.Map(rig.Spawn(), 2, mergeable: false);
        Area high = rig.Map(low.Process, 2);
        _ = low.Advise(Advice.Mergeable).Fill(7);
        _ = high.Fill(7);
        Pfn second = low.Frame(1);
        rig.Scan(2);

        rig.Expect(1, 3, 0, 0);
        Assert.Equal(second, high.Frame(1));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row007_NewPage_NeedsTwoScansEvenForAStableHit(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Map(rig.Spawn(), 11);
        _ = area[..10].Fill(7);
        rig.Scan(2);
        _ = area.Write(10, 7);

        rig.Scan();
        rig.Expect(1, 9, 0, 1);
        rig.Scan();
        rig.Expect(1, 10, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row008_TwoProcesses_Share(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area[] areas = [rig.Equal(5), rig.Equal(5)];
        rig.Scan(2);

        rig.Expect(1, 9, 0, 0);
        Assert.All(areas, area => Assert.Equal(
            (5, 5, 20160),
            (area.Process.KsmStat.MergingPages, area.Process.KsmStat.RmapItems, area.Process.KsmStat.ProcessProfit)));
    }

    public static TheoryData<MergeIndexKind, int> Row009Sizes => WithIndexes(5, 6, 1024);

    [Theory, MemberData(nameof(Row009Sizes))]
    public void Row009_UniquePages_StayUnshared(MergeIndexKind index, int pages)
    {
        using KsmRig rig = new(index);
        _ = rig.Unique(pages);

        rig.Scan();
        rig.Expect(0, 0, 0, pages);
        rig.Scan();
        rig.Expect(0, 0, pages, 0);
        rig.Scan();
        rig.Expect(0, 0, pages, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row010_Multiplicities_MergeToTheLimit(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = Multiplicities(rig);
        rig.Scan();
        for (int scan = 2; scan <= 4; scan++)
        {
            rig.Scan();
            rig.Expect(64, 726, 50, 0);
            Assert.Equal((2, 4), rig.Chains);
            Assert.Equal((840, 2919936), (rig.Counters.RmapItems, rig.Counters.GeneralProfit));
            Assert.Equal(3182080, area.Process.KsmStat.ProcessProfit);
        }
    }

    /// <summary>50 contents once, 30 twice, 20 three times, 10 seven times, 2 three hundred times, shuffled.</summary>
    internal static Area Multiplicities(KsmRig rig)
    {
        (int Contents, int Times)[] groups = [(50, 1), (30, 2), (20, 3), (10, 7), (2, 300)];
        ulong content = 1000;
        ulong[] pages = [.. groups.SelectMany(group => Enumerable.Range(0, group.Contents)
            .SelectMany(_ => Enumerable.Repeat(content++, group.Times)))];
        new Random(10).Shuffle(pages);
        Area area = rig.Map(rig.Spawn(), pages.Length);
        for (int i = 0; i < pages.Length; i++)
        {
            _ = area.Write(i, pages[i]);
        }

        return area;
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row011And012_ChangedPage_IsVolatileThenUnshared(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(3);
        rig.Scan();
        _ = area.Write(0, 50);
        rig.Scan();
        rig.Expect(1, 1, 0, 1);

        _ = area.Write(0, 51);
        rig.Scan();
        rig.Expect(1, 1, 0, 1);
        rig.Scan();
        rig.Expect(1, 1, 1, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row013_UnstablePage_BecomingEqual_NeedsTwoScans(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Unique(2);
        rig.Scan(2);
        _ = area.Write(1, 100);

        rig.Scan();
        rig.Expect(0, 0, 1, 1);
        rig.Scan();
        rig.Expect(1, 1, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row014And015_PageRewrittenWithinAScan_HidesNothingFromTheThird(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(3);
        rig.Set("pages_to_scan", 1);
        rig.Batch(4);
        rig.Batch();
        rig.Expect(0, 0, 1, 2);
        _ = area.Write(0, 50);
        rig.Batch();
        rig.Expect(0, 0, 2, 1);
        rig.Batch();
        rig.Expect(1, 1, 1, 0);

        rig.Batch();
        rig.Scan();
        rig.Expect(1, 1, 0, 1);
        rig.Scan();
        rig.Expect(1, 1, 1, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row016_SparseRegion_CostsItsPagesOnly(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Process process = rig.Spawn();
        const int Pages = 1 << 28;
        Area area = rig.Map(process, Pages);
        _ = area.Write(0, 1).Write(Pages / 3, 2).Write(Pages - 1, 3);
        rig.Scan();

        Assert.Equal((3, 3), (rig.Scanned, rig.Counters.RmapItems));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row017_ReadFaultedPages_AreNoCandidates(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Map(rig.Spawn(), 4).Read();
        rig.Scan(2);

        Assert.Equal((0, 0), (rig.Counters.RmapItems, rig.Scanned));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row018And019_PrivateFilePages_AreCandidatesOnceWritten(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Map(rig.Spawn(), 4, new MapOptions { FileBacked = true }).Read();
        rig.Scan(2);
        Assert.Equal(0, rig.Counters.RmapItems);

        Pfn untouched = area.Frame(2);
        _ = area[..2].Fill(7);
        rig.Scan(2);
        rig.Expect(1, 1, 0, 0);
        Assert.Equal((untouched, 1), (area.Frame(2), area.MapCount(2)));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row020_LockedInaccessibleAndReadOnlyPages_Merge(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(6);
        _ = area[..2].Lock();
        _ = area[2..4].Protect(Protection.None);
        _ = area[4..].Protect(Protection.Read);
        rig.Scan(2);

        rig.Expect(1, 5, 0, 0);
    }
}
