using System;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Searches for other contents that pass a chain: what they do to it must not be left out.</summary>
public sealed class ChainOrderTests : MergeIndexKinds
{
    [Theory, MemberData(nameof(Indexes))]
    public void Search_AfterOneThatPruned_MovesTheFirstFitToTheFront(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        rig.Set("max_page_sharing", 3);
        Area area = rig.Map(rig.Spawn(), 12);
        _ = area[..9].Fill(7);
        _ = area[9..].FillUnique(100);
        rig.Scan(2);
        Assert.Equal((1, 3), rig.Chains);

        // The chain is a (pages 6 to 8), b (3 to 5), c (0 to 2); now with 3, 1 and 2 pages. The first search that passes
        // prunes and finds c best, which takes one page more only and so stays behind; the next one moves b to the front.
        _ = area.Write(0, 200).Write(3, 201).Write(4, 202).Write(9, 7);
        rig.Clock.Advance(TimeSpan.FromSeconds(2));
        rig.Scan();

        // Now a has room, too, but b stands before it.
        _ = area.Write(6, 203);
        rig.Scan();
        Assert.Equal(area.Frame(5), area.Frame(9));
        Assert.NotEqual(area.Frame(7), area.Frame(9));
    }
}
