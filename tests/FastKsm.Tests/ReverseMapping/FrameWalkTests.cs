using System;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.Merging;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>Migration and page-out through reverse-map walks, pruned and not.</summary>
public sealed class FrameWalkTests
{
    public static TheoryData<Pruning> Prunings => [Pruning.PageIndex, Pruning.FullRange];

    [Fact]
    public void Migrate_OwnPage_KeepsBytesAndNeedsNoFaultToWrite()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Poke(at, 7);
        Pfn before = process.FrameAt(at);

        Assert.Equal(1, process.Migrate(at, Machines.Page));

        machine.Validate();
        Pfn after = process.FrameAt(at);
        Assert.NotEqual(before, after);
        process.Poke(at + 1, 8);
        Assert.Equal((after, 7, 1), (process.FrameAt(at), process.Peek(at), process.MapCountAt(at)));
        Assert.Equal(15, machine.FreeFrames);
    }

    [Fact]
    public void Migrate_PageOfThreeProcesses_MovesAllOfThem()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(3);
        process.Touch(at, 3, 7);
        ModelProcess child = process.Fork();
        ModelProcess grandchild = child.Fork();
        child.Poke(at, 8);

        Assert.Equal(3, grandchild.Migrate(at, 3 * Machines.Page));

        machine.Validate();
        Assert.Equal(process.FrameAt(at), grandchild.FrameAt(at));
        Assert.Equal(process.FrameAt(at + Machines.Page), child.FrameAt(at + Machines.Page));
        Assert.Equal(3, child.MapCountAt(at + Machines.Page));
        Assert.Equal((7, 8, 7), (process.Peek(at), child.Peek(at), grandchild.Peek(at)));
        child.Poke(at + Machines.Page, 9);
        Assert.Equal((7, 9), (process.Peek(at + Machines.Page), child.Peek(at + Machines.Page)));
        machine.Validate();
    }

    [Theory]
    [InlineData(PinKind.Reference)]
    [InlineData(PinKind.Write)]
    public void Migrate_BorrowedPage_StaysWhereItIs_C82(PinKind kind)
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Poke(at, 7);
        Pfn before = process.FrameAt(at);
        using (process.Pin(at, kind))
        {
            Assert.Equal((0, 0), (process.Migrate(at, Machines.Page), process.PageOut(at, Machines.Page)));
            Assert.Equal(before, process.FrameAt(at));
        }

        machine.Validate();
        Assert.Equal(1, process.Migrate(at, Machines.Page));
    }

    [Fact]
    public void Migrate_ToANode_TakesAFrameThereAndLeavesThoseThatAreThere()
    {
        using Machine machine = Machines.Small(frames: 32, cpus: 2, nodes: 2);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(2);
        process.Touch(at, 2, 7);

        Assert.Equal(2, process.Migrate(at, 2 * Machines.Page, node: 1));
        Assert.Equal(1, machine.Store.Frames.Layout.NodeOf(process.FrameAt(at).Number));
        Assert.Equal(0, process.Migrate(at, 2 * Machines.Page, node: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => process.Migrate(at, Machines.Page, node: 2));
    }

    [Fact]
    public void Migrate_NoFrameFree_ThrowsAndChangesNothing()
    {
        using Machine machine = Machines.Small(frames: 2);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(2);
        process.Touch(at, 2, 7);

        Assert.Throws<OutOfFramesException>(() => process.Migrate(at, Machines.Page));

        machine.Validate();
        Assert.Equal(7, process.Peek(at));
    }

    [Theory, MemberData(nameof(Prunings))]
    public void Migrate_MergedFrame_KeepsItsNodeAndItsSharers(Pruning pruning)
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint, pruning: pruning);
        Area first = rig.Equal(5);
        Area second = rig.Equal(4);
        rig.Scan(2);
        rig.Expect(1, 8, 0, 0);
        Area child = first.In(first.Process.Fork());
        Pfn before = first.Frame(0);

        Assert.Equal(1, second.Process.Migrate(second.Address, second.Bytes));

        Pfn after = first.Frame(0);
        Assert.NotEqual(before, after);
        Assert.Equal((after, after, 14), (second.Frame(3), child.Frame(4), first.MapCount(2)));
        rig.Expect(1, 8, 0, 0);
        rig.Machine.Validate();
        Area third = rig.Equal(1);
        rig.Scan(2);
        rig.Expect(1, 14, 0, 0);
        Assert.Equal(after, third.Frame(0));
    }

    [Fact]
    public void PageOut_PageOfThreeProcesses_ComesBackForEach()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Poke(at, 7);
        ModelProcess child = process.Fork();
        ModelProcess grandchild = process.Fork();

        Assert.Equal(1, child.PageOut(at, Machines.Page));

        machine.Validate();
        Assert.Equal((16, 1u), (machine.FreeFrames, machine.Store.Swap.Count));
        Assert.Equal((1, 0), (child.SwappedPages, child.ResidentAnonymousPages));
        child.Poke(at + 1, 8);
        Assert.Equal((7, 7, 7), (process.Peek(at), child.Peek(at), grandchild.Peek(at)));
        Assert.Equal(0, grandchild.Peek(at + 1));
        machine.Validate();
        Assert.Equal((13, 0u), (machine.FreeFrames, machine.Store.Swap.Count));
        Assert.Equal((0, 1), (child.SwappedPages, child.ResidentAnonymousPages));
    }

    [Fact]
    public void PageOut_ThenForkMoveProtectAndUnmap_KeepsTheValue_C54()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(4);
        process.Touch(at, 4, 7);
        Assert.Equal(4, process.PageOut(at, 4 * Machines.Page));
        ModelProcess child = process.Fork();
        machine.Validate();

        ulong moved = process.Remap(at, 2 * Machines.Page, 2 * Machines.Page, to: at - (64 * Machines.Page));
        process.Protect(moved, Machines.Page, Protection.None);
        Assert.Throws<SegmentationFaultException>(() => process.Peek(moved));
        machine.Validate();
        process.Protect(moved, Machines.Page, Protection.Read);
        Assert.Equal(7, process.Peek(moved));
        process.Advise(at + (2 * Machines.Page), Machines.Page, Advice.DontNeed);
        Assert.Equal(0, process.Peek(at + (2 * Machines.Page)));
        process.Advise(at + (3 * Machines.Page), Machines.Page, Advice.Free);
        Assert.Equal(0, process.Peek(at + (3 * Machines.Page)));
        machine.Validate();
        process.Exit();
        Assert.Equal(4u, machine.Store.Swap.Count);
        Assert.Equal(7, child.Peek(at + (3 * Machines.Page)));
        child.Exit();
        machine.Validate();
        Assert.Equal((16, 0u), (machine.FreeFrames, machine.Store.Swap.Count));
    }

    [Fact]
    public void PageOut_Swapped_PeekSeesItAndReadFaultMakesItWritable_C51()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Poke(at, 7);
        Assert.Equal(1, process.PageOut(at, Machines.Page));
        byte[] page = new byte[Machines.Page];

        process.Peek(at, page);

        Assert.Equal((7, 1L), (page[0], process.SwappedPages));
        Assert.False(process.FrameAt(at).IsSome);
        Assert.Equal(7, process.Peek(at));
        Pfn frame = process.FrameAt(at);
        process.Poke(at, 8);
        Assert.Equal(frame, process.FrameAt(at));
    }

    [Fact]
    public void PageOut_LazilyFreedPages_DropsTheCleanAndKeepsTheWritten_C50_C81()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(4);
        process.Touch(at, 4, 7);
        process.Advise(at, 4 * Machines.Page, Advice.Free);
        process.Poke(at + Machines.Page, 8);

        Assert.Equal(3, process.PageOut(at, 4 * Machines.Page));

        Assert.Equal((0L, 1L), (process.SwappedPages, process.ResidentAnonymousPages));
        Assert.Equal(1, process.PageOut(at, 4 * Machines.Page));
        Assert.Equal((1L, 1u), (process.SwappedPages, machine.Store.Swap.Count));
        Assert.Equal((0, 8, 0), (process.Peek(at), process.Peek(at + Machines.Page), process.Peek(at + (2 * Machines.Page))));
        machine.Validate();
    }

    [Fact]
    public void PageOut_LockedPage_Stays_C55()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Lock(at, Machines.Page);

        Assert.Equal(0, process.PageOut(at, Machines.Page));

        Assert.True(process.FrameAt(at).IsSome);
        Assert.Equal(0u, machine.Store.Swap.Count);
        machine.Validate();
    }

    // ksm.md 97; with key = address/4096 (C76), or the VMA's offset at merge time (C77), the walk would miss the page.
    [Theory]
    [InlineData(Pruning.PageIndex, false, false)]
    [InlineData(Pruning.PageIndex, true, false)]
    [InlineData(Pruning.PageIndex, true, true)]
    [InlineData(Pruning.FullRange, true, true)]
    public void MovedAndMergedPage_TwinUnmapped_IsFound_97_C63_C76_C77(Pruning pruning, bool splits, bool pagesOut)
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint, pruning: pruning);
        ModelProcess process = rig.Spawn();
        Area area = rig.Map(process, 6).Fill(7);
        ulong moved = process.Remap(area.At(2), 3 * KsmRig.PageSize, 3 * KsmRig.PageSize, to: area.At(0) + (2000 * KsmRig.PageSize));
        rig.Scan(2);
        rig.Expect(1, 5, 0, 0);
        area[0..2].Unmap();
        area[5..6].Unmap();
        if (splits)
        {
            process.Protect(moved + KsmRig.PageSize, KsmRig.PageSize, Protection.Read);
        }

        Pfn before = process.FrameAt(moved + KsmRig.PageSize);
        Assert.Equal(1, process.Migrate(moved, 3 * KsmRig.PageSize));
        Assert.NotEqual(before, process.FrameAt(moved + KsmRig.PageSize));
        Assert.Equal(3, process.MapCountAt(moved + (2 * KsmRig.PageSize)));
        if (pagesOut)
        {
            Assert.Equal(1, process.PageOut(moved, KsmRig.PageSize));
            Assert.Equal((3, 0), (process.SwappedPages, process.ResidentAnonymousPages));
        }

        byte[] expected = new byte[KsmRig.PageSize];
        byte[] seen = new byte[KsmRig.PageSize];
        PageContent.Fill(expected, 7);
        for (ulong page = 0; page < 3; page++)
        {
            process.On().Read(moved + (page * KsmRig.PageSize), seen);
            Assert.Equal(expected, seen);
        }
    }

    [Theory, MemberData(nameof(Prunings))]
    public void MergedPage_ParentGone_IsFoundInTheChild_C68(Pruning pruning)
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint, pruning: pruning);
        Area area = rig.Equal(2);
        rig.Scan(2);
        Area child = area.In(area.Process.Fork());
        area.Process.Exit();
        _ = child.Write(0, 9);
        Pfn merged = child.Frame(1);

        Assert.Equal(1, child.Process.PageOut(child.At(1), KsmRig.PageSize));

        Assert.Equal(1, child.Process.SwappedPages);
        Assert.False(child.Frame(1).IsSome);
        Assert.True(merged.IsSome);
    }

    [Theory, MemberData(nameof(Prunings))]
    public void MergedPagesOfAPrivateFile_AreFoundByTheirOffset_C67(Pruning pruning)
    {
        using KsmRig rig = new(MergeIndexKind.Fingerprint, pruning: pruning);
        Area area = rig.Map(rig.Spawn(), 4, new MapOptions { FileBacked = true }).Fill(7);
        rig.Scan(2);
        rig.Expect(1, 3, 0, 0);

        Assert.Equal(1, area.Process.PageOut(area.Address, area.Bytes));

        Assert.Equal(4, area.Process.SwappedPages);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Validate_MergedPageThatNoWalkWouldFind_NamesTheInvariant(bool movesIndex)
    {
        using KsmRig rig = new(MergeIndexKind.ContentTree);
        Area area = rig.Equal(4);
        rig.Scan(2);
        rig.Machine.Validate();
        NativeSlab<Vma> vmas = rig.Machine.Store.Vmas;
        uint id = Enumerable.Range(1, (int)vmas.IdLimit - 1).Select(id => (uint)id)
            .Single(id => vmas[id].Space == area.Process.Space.Id && vmas[id].Start == area.Address / KsmRig.PageSize);
        Vma intact = vmas[id];

        if (movesIndex)
        {
            vmas[id].PageOffset++;
        }
        else
        {
            (vmas[id].AnonVma, vmas[id].Chain) = (0, 0);
        }

        string message = Assert.Throws<InvalidOperationException>(rig.Machine.Validate).Message;
        Assert.StartsWith("Invariant K7 ", message, StringComparison.Ordinal);
        vmas[id] = intact;
    }

    [Theory, MemberData(nameof(Prunings))]
    public void SplitRegion_MergedPages_VisitsAreTheSamePrunedOrNot(Pruning pruning)
    {
        const int Pages = 400;
        using KsmRig rig = new(MergeIndexKind.Fingerprint, pruning: pruning);
        Area area = rig.Equal(Pages);
        for (int i = 0; i < Pages; i += 2)
        {
            _ = area[i..(i + 1)].Protect(Protection.Read);
        }

        rig.Scan(2);
        rig.Expect(2, Pages - 2, 0, 0);
        rig.Machine.ResetWalks();

        Assert.Equal(2, area.Process.Migrate(area.Address, area.Bytes));

        WalkFigures leave = rig.Machine.Walks(WalkKind.Migrate);
        WalkFigures arrive = rig.Machine.Walks(WalkKind.Restore);
        bool pruned = pruning == Pruning.PageIndex;
        Assert.Equal((Pages, Pages), (leave.Visits, arrive.Visits));
        Assert.Equal((Pages, 2 * Pages), (leave.Walks, arrive.Walks));
        Assert.Equal(pruned ? 0 : (long)Pages * (Pages - 1) * 2, arrive.RejectedByAddress);
        Assert.Equal(Pages, arrive.RejectedByPass);
        Assert.Equal(Pages, leave.Hold.Count);
        Assert.InRange(arrive.NodesVisited, Pages, pruned ? 8 * Pages : long.MaxValue);
    }
}
