using System;
using System.Threading;
using FastKsm.AddressSpaces;
using FastKsm.ReverseMapping;
using FastKsm.Tests.Merging;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>What a walk costs by where its page lies among the VMAs of one anon_vma, counted and not timed: rmap.md 4.5.</summary>
public sealed class RankTests
{
    private const int Vmas = 2000;

    // Levels of a tree of so many intervals, the interval found, and a leaf more where the batch ends in it.
    private const long MostPruned = 5;

    [Theory]
    [InlineData(0)]
    [InlineData(Vmas / 3)]
    [InlineData(2 * Vmas / 3)]
    [InlineData(Vmas - 1)]
    public void MergedPage_Unpruned_VisitsAllVmasBeforeIt_C71(int rank)
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint, pruning: Pruning.FullRange);
        Area area = SplitWithMergedPageAt(rig, rank);

        WalkFigures figures = PageOut(rig, area, rank);

        Assert.Equal((rank, 1), (figures.RejectedByAddress, figures.Visits));
        // And the way down to each 32 of them.
        Assert.InRange(figures.NodesVisited, rank + 1, rank + 1 + (((rank / 32) + 1) * MostPruned));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Vmas / 3)]
    [InlineData(Vmas - 1)]
    public void MergedPage_Pruned_VisitsOneVmaWhereverItLies_C75(int rank)
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint);
        Area area = SplitWithMergedPageAt(rig, rank);

        WalkFigures figures = PageOut(rig, area, rank);

        Assert.Equal((0, 1), (figures.RejectedByAddress, figures.Visits));
        Assert.InRange(figures.NodesVisited, 2, MostPruned);
    }

    [Theory]
    [InlineData(Pruning.PageIndex, Vmas / 2)]
    [InlineData(Pruning.FullRange, 1)]
    [InlineData(Pruning.FullRange, Vmas - 1)]
    public void PlainPage_PrunedOrNot_VisitsOneVma_C72(Pruning pruning, int rank)
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint, pruning: pruning);
        Area area = SplitWithMergedPageAt(rig, rank == 0 ? 1 : 0);

        WalkFigures figures = PageOut(rig, area, rank);

        Assert.Equal((0, 1), (figures.RejectedByAddress, figures.Visits));
        Assert.InRange(figures.NodesVisited, 2, MostPruned);
    }

    // A change of flags re-keys nothing, so it asks nobody.
    [Fact]
    public void Protect_WholeVmaWhileTheLocksAreTaken_DoesNotWait_C74()
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint);
        ModelProcess process = rig.Spawn();
        Area area = rig.Map(process, 4).Fill(1);
        Assert.True(process.Space.TryFind(area.Address / KsmRig.PageSize, out Vma vma));
        AnonVmaTable table = rig.Machine.Store.AnonVmas;
        FamilyHold hold = table.EnterWrite(vma.AnonVma, vma.PageOffset, vma.LastIndex);
        rig.Machine.Rest();
        Thread other = new(() => rig.Machine.Cpus[0].Drive(() => area.Protect(Protection.Read))());
        other.Start();

        bool through = other.Join(TimeSpan.FromMinutes(1));

        table.ExitWrite(hold);
        Assert.True(through);
        Assert.Equal(1, process.MapCount);
    }

    // The reference that an item has on its anon_vma goes with it; Validate counts them.
    [Fact]
    public void Unmerge_MergedPages_LeavesNoReferenceToTheAnonVma_C78()
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint);
        Area area = rig.Equal(5);
        rig.Scan(2);
        rig.Expect(1, 4, 0, 0);

        rig.Set("run", 2);

        rig.Machine.Validate();
        area.Unmap();
        Assert.Equal((0u, 0u), (rig.Machine.Store.AnonVmas.Count, rig.Machine.Store.AnonVmas.LinkCount));
        rig.Machine.Validate();
    }

    // A page that is merged and nobody else's: its twin elsewhere is written, and the next scan notices.
    private static Area SplitWithMergedPageAt(KsmRig rig, int rank)
    {
        ModelProcess process = rig.Spawn();
        Area area = rig.Map(process, Vmas);
        for (int page = 0; page < Vmas; page++)
        {
            _ = area.Write(page, (ulong)page + 1);
        }

        Area twin = rig.Map(rig.Spawn(), 1).Fill((ulong)rank + 1);
        rig.Scan(2);
        _ = twin.Write(0, 1_000_000);
        rig.Scan(1);
        rig.Expect(1, 0, Vmas - 1, 1);
        for (int page = 0; page < Vmas; page += 2)
        {
            _ = area[page..(page + 1)].Protect(Protection.Read);
        }

        return area;
    }

    private static WalkFigures PageOut(KsmRig rig, Area area, int rank)
    {
        rig.Machine.ResetWalks();
        Assert.Equal(1, area.Process.PageOut(area.At(rank), KsmRig.PageSize));
        WalkFigures figures = rig.Machine.Walks(WalkKind.Unmap);
        Assert.Equal(1, figures.Walks);
        return figures;
    }
}
