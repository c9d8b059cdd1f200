using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Merged frames that move between NUMA nodes: rows 140 and 141 of the conformance table, and what follows from them.</summary>
public sealed class NumaTests : MergeIndexKinds
{
    [Theory, MemberData(nameof(Indexes))]
    public void Row140_MergedFrameMoves_ItsNodeFollowsAndCountersStay(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);
        Area area = On(rig, 0, 4);
        rig.Scan(2);
        KsmCounters before = rig.Counters;
        Move(rig, area, 1);
        rig.Scan();
        Assert.Equal(before with { FullScans = 3, PagesScanned = before.PagesScanned + 4 }, rig.Counters);

        // It stands where contents of that node are looked for.
        Area far = On(rig, 1, 1);
        Area near = On(rig, 0, 1);
        rig.Scan(2);
        rig.Expect(1, 4, 1, 0);
        Assert.Equal(area.Frame(0), far.Frame(0));
        Assert.NotEqual(area.Frame(0), near.Frame(0));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Row141_ContentIsThereAlready_TheNodesShareAChain(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);
        Area near = On(rig, 0, 3);
        Area far = On(rig, 1, 2);
        rig.Scan(2);
        rig.Expect(2, 3, 0, 0);
        Assert.Equal((0, 0), rig.Chains);
        Move(rig, near, 1, far);
        rig.Scan();

        rig.Expect(2, 3, 0, 0);
        Assert.Equal((1, 2), rig.Chains);
        Assert.NotEqual(near.Frame(0), far.Frame(0));
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Move_OfAFrameMappedOnce_IsKeptFromTheNodeThatIsThere(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);
        Area near = On(rig, 0, 2);
        Area far = On(rig, 1, 2);
        rig.Scan(2);
        _ = near[1..].Advise(Advice.DontNeed);
        rig.Scan();
        rig.Expect(2, 1, 0, 0);
        Move(rig, near, 1, far);

        // It would have room for the page, but a merged frame has no index by which its place could be told: each try fails.
        rig.Scan();
        rig.Expect(1, 1, 0, 1);
        rig.Scan();
        rig.Expect(1, 1, 0, 1);
        Assert.NotEqual(far.Frame(0), near.Frame(0));
        Assert.Equal((0, 0), rig.Chains);

        // A copy is a page like any other.
        _ = near.Write(0, 7);
        rig.Scan(2);
        rig.Expect(1, 1, 1, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Move_OfAFrameMappedOnceToFullFrames_ItsTwinIsCopiedInEveryScan(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);
        rig.Set("max_page_sharing", 2);
        (Area near, Area far) = (On(rig, 0, 2), On(rig, 1, 3));
        rig.Scan(2);
        rig.Expect(2, 2, 1, 0);
        _ = near[1..].Advise(Advice.DontNeed);
        Move(rig, near, 1, far);

        // No frame of the content has room, so the merged page waits in the unstable tree. Its twin meets it, is converted,
        // and copied, for a merged page cannot be merged: the scans never come to rest.
        for (int scan = 0; scan < 5; scan++)
        {
            (Pfn waits, Pfn twin, _) = (near.Frame(0), far.Frame(2), rig.Copied);
            rig.Scan();
            rig.Expect(1, 1, 1, 1);
            Assert.Equal(1, rig.Copied);
            Assert.Equal(waits, near.Frame(0));
            Assert.NotEqual(twin, far.Frame(2));
        }

        _ = near.Write(0, 7);
        rig.Scan(2);
        rig.Expect(1, 1, 2, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Move_OfAFrameMappedOnceToFullFrames_BehindItsTwin_CopiesNothing(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);
        rig.Set("max_page_sharing", 2);
        (Area far, Area near) = (On(rig, 1, 3), On(rig, 0, 2));
        rig.Scan(2);
        _ = near[1..].Advise(Advice.DontNeed);
        Move(rig, near, 1, far);
        _ = rig.Copied;

        // The twin waits, and the merged page that meets it cannot be converted a second time.
        rig.Scan(3);
        rig.Expect(1, 1, 1, 1);
        Assert.Equal(0, rig.Copied);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Move_OfAFullNode_TakesTwoScansToBeWholeAgain(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);
        rig.Set("max_page_sharing", 3);
        Area area = On(rig, 0, 3);
        rig.Scan(2);
        rig.Expect(1, 2, 0, 0);
        Move(rig, area, 1);

        // The item whose visit moves the node is turned away, the node being full, and waits among the quiet pages.
        rig.Scan();
        rig.Expect(1, 1, 1, 0);
        rig.Scan();
        rig.Expect(1, 2, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Search_ThatMeetsAFrameWhichMovedAway_FoundsAnother(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);

        // Visited first, so that the search comes upon the node before its own pages are visited.
        Area first = rig.Map(rig.Spawn(), 2, new MapOptions { Node = 0 });
        Area area = On(rig, 0, 2);
        rig.Scan(2);
        _ = first.Fill(7);
        rig.Scan();
        Move(rig, area, 1, first);
        rig.Scan();
        rig.Expect(2, 2, 0, 0);
        Assert.Equal((0, 0), rig.Chains);
        rig.Scan();
        rig.Expect(2, 2, 0, 0);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Move_ThenEveryPageIsDropped_TheNodeGoesWithTheNextScan(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);
        Area first = rig.Map(rig.Spawn(), 2, new MapOptions { Node = 0 });
        Area area = On(rig, 0, 2);
        rig.Scan(2);
        _ = first.Fill(7);
        rig.Scan();
        Move(rig, area, 1, first);
        rig.Machine.Ksm.Write("pages_to_scan", "2");
        rig.Batch();
        _ = area.Advise(Advice.DontNeed);
        rig.Machine.Ksm.Write("pages_to_scan", "1000");
        rig.Scan(2);

        rig.Expect(1, 1, 0, 0);
        rig.Set("run", 2);
        rig.Set("merge_across_nodes", 1);
    }

    [Theory, MemberData(nameof(Indexes))]
    public void Move_WhileMergingAcrossNodes_ChangesNothing(MergeIndexKind index)
    {
        using KsmRig rig = Apart(index);
        rig.Set("merge_across_nodes", 1);
        Area area = On(rig, 0, 4);
        Area far = On(rig, 1, 4);
        rig.Scan(2);
        rig.Expect(1, 7, 0, 0);
        KsmCounters before = rig.Counters;
        Pfn from = area.Frame(0);
        Move(rig, area, from == Pfn.None ? 0 : 1 - NodeOf(rig, from), far);
        rig.Scan();

        Assert.Equal(before with { FullScans = 3, PagesScanned = before.PagesScanned + 8 }, rig.Counters);
    }

    private static KsmRig Apart(MergeIndexKind index)
    {
        KsmRig rig = new(index, nodes: 2);
        rig.Set("merge_across_nodes", 0);
        return rig;
    }

    private static Area On(KsmRig rig, int node, int pages) =>
        rig.Map(rig.Spawn(), pages, new MapOptions { Node = node }).Fill(7);

    private static int NodeOf(KsmRig rig, Pfn frame) => rig.Machine.Store.Frames.Layout.NodeOf(frame.Number);

    // Every process that maps the frame must be named.
    private static void Move(KsmRig rig, Area area, int node, params Area[] others)
    {
        IEnumerable<ModelProcess> processes = others.Select(other => other.Process).Append(area.Process).Distinct();
        _ = FrameMover.Move(rig.Machine, processes, area.Frame(0), node);
        rig.Machine.Validate();
    }
}
