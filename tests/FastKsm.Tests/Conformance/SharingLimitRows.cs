using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Primitives;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>Rows 63 to 78: max_page_sharing, chains and dups.</summary>
public sealed class SharingLimitRows : ConformanceRows
{
    /// <summary>Limit, pages; then shared, sharing, unshared, chains, dups.</summary>
    public static TheoryData<MergeIndexKind, int[]> Loads => WithIndexes<int[]>(
        [2, 3, 1, 1, 1, 0, 0],
        [2, 4, 2, 2, 0, 1, 2],
        [2, 6, 3, 3, 0, 1, 3],
        [3, 5, 2, 3, 0, 1, 2],
        [3, 6, 2, 4, 0, 1, 2],
        [3, 7, 2, 4, 1, 1, 2],
        [3, 8, 3, 5, 0, 1, 3],
        [4, 7, 2, 5, 0, 1, 2],
        [4, 8, 2, 6, 0, 1, 2],
        [4, 9, 2, 6, 1, 1, 2],
        [4, 10, 3, 7, 0, 1, 3],
        [5, 11, 2, 8, 1, 1, 2],
        [5, 12, 3, 9, 0, 1, 3],
        [256, 512, 2, 510, 0, 1, 2],
        [256, 1000, 4, 996, 0, 1, 4],
        [256, 2000, 8, 1992, 0, 1, 8]);

    [Theory, MemberData(nameof(Loads))]
    public void Row063To070_EqualPages_FillFramesToTheLimit(MergeIndexKind index, int[] row)
    {
        using KsmRig rig = new(index);
        rig.Set("max_page_sharing", row[0]);
        Area area = rig.Equal(row[1]);
        rig.Scan(2);
        rig.Expect(row[2], row[3], row[4], 0);
        Assert.Equal((row[5], row[6]), rig.Chains);

        // All frames are full but one, which has at least two sharers.
        int[] loads = [.. Enumerable.Range(0, row[1]).Select(area.Frame).CountBy(frame => frame)
            .Select(group => group.Value).Where(count => count > 1).OrderDescending()];
        Assert.All(loads[..^1], load => Assert.Equal(row[0], load));
        rig.Scan();
        rig.Expect(row[2], row[3], row[4], 0);
        Assert.Equal((row[5], row[6]), rig.Chains);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row071_PruneIntervalNotElapsed_FirstFitFromTheNewest(MergeIndexKind index) =>
        Assert.Equal("CCCBBA", Newcomers(index, 2000));

    [Theory, MemberData(nameof(Indexes))]
    public void Row072_PruneIntervalElapsed_BestFit(MergeIndexKind index) => Assert.Equal("ABBCCC", Newcomers(index, 0));

    [Theory, MemberData(nameof(Indexes))]
    public void Row072b_PruneInterval_GoesByModelTime(MergeIndexKind index) =>
        Assert.Equal("ACCCBB", Newcomers(index, 2000, advanceOnce: true));

    // Dups loaded 3, 2 and 1 (oldest to newest) at a limit of 4; where six newcomers go, one by one.
    private static string Newcomers(MergeIndexKind index, int interval, bool advanceOnce = false)
    {
        using KsmRig rig = new(index);
        rig.Set("max_page_sharing", 4);
        Area area = rig.Map(rig.Spawn(), 32);
        _ = area[..12].Fill(7);
        rig.Scan(2);
        Dictionary<Pfn, char> names = [];
        foreach (int page in Enumerable.Range(0, 12))
        {
            _ = names.TryAdd(area.Frame(page), (char)('A' + names.Count));
        }

        foreach ((Pfn frame, int keep) in names.Keys.Zip([3, 2, 1]))
        {
            foreach (int page in Enumerable.Range(0, 12).Where(page => area.Frame(page) == frame).Skip(keep).ToArray())
            {
                _ = area[page..(page + 1)].Advise(Advice.DontNeed);
            }
        }

        rig.Set("stable_node_chains_prune_millisecs", interval);
        rig.Scan();
        rig.Expect(3, 3, 0, 0);
        rig.Clock.Advance(TimeSpan.FromMilliseconds(advanceOnce ? interval : 0));
        string went = "";
        for (int newcomer = 20; newcomer < 26; newcomer++)
        {
            _ = area.Write(newcomer, 7);
            rig.Scan(2);
            went += names[area.Frame(newcomer)];
        }

        return went;
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row073To075_LoneDup_CollapsesWhenASearchPasses(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = LoneDup(rig);
        for (int scan = 0; scan < 3; scan++)
        {
            rig.Scan();
            rig.Expect(1, 3, 0, 0);
            Assert.Equal((1, 1), rig.Chains);
        }

        _ = area.Write(12, 7);
        rig.Scan();
        rig.Expect(1, 3, 0, 1);
        Assert.Equal((1, 1), rig.Chains);
        rig.Scan();
        rig.Expect(1, 3, 1, 0);
        Assert.Equal((0, 0), rig.Chains);

        _ = area.Write(13, 7);
        rig.Scan(2);
        rig.Expect(2, 4, 0, 0);
        Assert.Equal((1, 2), rig.Chains);
    }

    // 12 pages merged at a limit of 4, of which those of two frames are dropped.
    private static Area LoneDup(KsmRig rig)
    {
        rig.Set("max_page_sharing", 4);
        Area area = rig.Map(rig.Spawn(), 16);
        _ = area[..12].Fill(7);
        rig.Scan(2);
        rig.Expect(3, 9, 0, 0);
        Pfn kept = area.Frame(0);
        foreach (int page in Enumerable.Range(0, 12).Where(page => area.Frame(page) != kept).ToArray())
        {
            _ = area[page..(page + 1)].Advise(Advice.DontNeed);
        }

        return area;
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row076_EmptyChain_StaysWithoutASearch(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        rig.Set("max_page_sharing", 2);
        Area area = rig.Equal(4);
        rig.Scan(2);
        _ = area.Advise(Advice.DontNeed);
        rig.Scan(2);

        rig.Expect(0, 0, 0, 0);
        Assert.Equal((1, 0), rig.Chains);
        rig.Set("run", 2);
        Assert.Equal((0, 0), rig.Chains);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row077_Fork_ExceedsTheLimit(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        rig.Set("max_page_sharing", 4);
        Area area = rig.Equal(4);
        rig.Scan(2);
        _ = area.Process.Fork();
        rig.Scan();

        rig.Expect(1, 7, 0, 0);
        Assert.Equal((0, 0), rig.Chains);
        Assert.Equal(8, area.MapCount(0));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row078_LimitWhileMerged_IsBusyUnlessTheSame(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        _ = rig.Equal(2);
        rig.Scan(2);

        Assert.Equal(Errno.Busy, Assert.Throws<MemoryOperationException>(() => rig.Set("max_page_sharing", 4)).Error);
        rig.Set("max_page_sharing", 256);
        Assert.Equal(Errno.Invalid, Assert.Throws<MemoryOperationException>(() => rig.Set("max_page_sharing", 1)).Error);
        Assert.Equal("256", rig.Machine.Ksm.Read("max_page_sharing"));
    }
}
