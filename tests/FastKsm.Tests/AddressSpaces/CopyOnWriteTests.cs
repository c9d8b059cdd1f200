using System;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>Linux's rules for copying and reusing frames: rmap.md 5.2 and 5.3, rows C40 to C48, C56 to C61.</summary>
public sealed class CopyOnWriteTests : IDisposable
{
    private const ulong Page = Machines.Page;

    private readonly Machine _machine = Machines.Small();
    private readonly ModelProcess _parent;
    private readonly ulong _at;

    public CopyOnWriteTests()
    {
        _parent = _machine.Spawn();
        _at = _parent.MapPages(4);
    }

    public void Dispose()
    {
        _machine.Validate();
        _machine.Dispose();
    }

    [Fact]
    public void Read_TwoUntouchedPages_ShareTheZeroFrame_C40()
    {
        Assert.Equal(0, _parent.Peek(_at) + _parent.Peek(_at + Page));

        Assert.Equal(_parent.FrameAt(_at), _parent.FrameAt(_at + Page));
        Assert.True(_parent.IsZeroFrameAt(_at));
        Assert.Equal(0, _parent.ResidentAnonymousPages);
        Assert.Equal(1024, _machine.FreeFrames);
    }

    [Fact]
    public void Write_ZeroFrameMapped_GetsAFrameOfItsOwn_C41()
    {
        _ = _parent.Peek(_at);

        _parent.Poke(_at, 1);

        Assert.False(_parent.IsZeroFrameAt(_at));
        Assert.Equal(1, _parent.MapCountAt(_at));
        Assert.Equal(1, _parent.ResidentAnonymousPages);
    }

    [Fact]
    public void Write_ForkSharedPage_CopiesForTheWriter_C42()
    {
        _parent.Poke(_at, 1);
        Pfn before = _parent.FrameAt(_at);
        ModelProcess child = _parent.Fork();
        Assert.Equal(2, _parent.MapCountAt(_at));

        _parent.Poke(_at, 2);

        Assert.NotEqual(before, _parent.FrameAt(_at));
        Assert.Equal(before, child.FrameAt(_at));
        Assert.Equal(1, child.MapCountAt(_at));
        Assert.Equal((1, 2), (child.Peek(_at), _parent.Peek(_at)));
    }

    [Fact]
    public void Write_LastMapperAfterCopy_ReusesTheFrame_C43()
    {
        _parent.Poke(_at, 1);
        Pfn before = _parent.FrameAt(_at);
        ModelProcess child = _parent.Fork();
        _parent.Poke(_at, 2);

        child.Poke(_at, 3);

        Assert.Equal(before, child.FrameAt(_at));
    }

    [Fact]
    public void Write_ChildExited_ReusesTheFrame_C44()
    {
        _parent.Poke(_at, 1);
        Pfn before = _parent.FrameAt(_at);
        _parent.Fork().Exit();

        _parent.Poke(_at, 2);

        Assert.Equal(before, _parent.FrameAt(_at));
    }

    [Fact]
    public void Write_ChildExitedButPipeHoldsTheFrame_Copies_C45()
    {
        _parent.Poke(_at, 1);
        using FramePin pipe = _parent.Pin(_at, PinKind.Reference);
        _parent.Fork().Exit();

        _parent.Poke(_at, 2);

        Assert.NotEqual(pipe.Frame, _parent.FrameAt(_at));
        Assert.Equal(1, _machine.Store.Frames.Content(pipe.Frame)[0]);
    }

    [Fact]
    public void Write_ExclusivePageInAPipe_IsNotCopied_C46()
    {
        _parent.Poke(_at, 1);
        using FramePin pipe = _parent.Pin(_at, PinKind.Reference);
        _parent.Protect(_at, Page, Protection.Read);
        _parent.Protect(_at, Page, Protection.Read | Protection.Write);

        _parent.Poke(_at, 2);

        Assert.Equal(pipe.Frame, _parent.FrameAt(_at));
        Assert.Equal(2, _machine.Store.Frames.Content(pipe.Frame)[0]);
    }

    [Fact]
    public void Protect_NoneAndBack_KeepsTheFrameAndNeedsNoFault_C47()
    {
        _parent.Poke(_at, 1);
        Pfn before = _parent.FrameAt(_at);

        _parent.Protect(_at, Page, Protection.None);
        SegmentationFaultException refused = Assert.Throws<SegmentationFaultException>(() => _parent.Peek(_at));
        _parent.Protect(_at, Page, Protection.Read | Protection.Write);

        Assert.True(refused.IsMapped);
        Assert.Equal(before, _parent.FrameAt(_at));
        Pte pte = _parent.Space.Translate(_at / Page);
        Assert.True(pte.IsAccessible && pte.IsWritable);
    }

    [Fact]
    public void Protect_ForkSharedPageReadOnlyAndBack_StillCopies_C48()
    {
        _parent.Poke(_at, 1);
        ModelProcess child = _parent.Fork();
        _parent.Protect(_at, Page, Protection.Read);
        _parent.Protect(_at, Page, Protection.Read | Protection.Write);
        Assert.False(_parent.Space.Translate(_at / Page).IsWritable);

        _parent.Poke(_at, 2);

        Assert.Equal(1, child.Peek(_at));
    }

    [Fact]
    public void DontNeed_WrittenPage_ReadsZero_C49()
    {
        _parent.Poke(_at, 1);

        _parent.Advise(_at, Page, Advice.DontNeed);

        Assert.Equal(0, _parent.ResidentAnonymousPages);
        Assert.Equal(0, _parent.Peek(_at));
        Assert.True(_parent.IsZeroFrameAt(_at));
    }

    [Fact]
    public void Fork_LockedDontForkWipeOnFork_ChildSeesWhatItShould_C56()
    {
        _parent.Touch(_at, 4);
        _parent.Lock(_at, Page);
        _parent.Advise(_at + Page, Page, Advice.DontFork);
        _parent.Advise(_at + (2 * Page), Page, Advice.WipeOnFork);

        ModelProcess child = _parent.Fork();

        Assert.Equal((Page, 0UL), (_parent.LockedBytes, child.LockedBytes));
        Assert.Equal(1, child.Peek(_at));
        Assert.False(Assert.Throws<SegmentationFaultException>(() => child.Peek(_at + Page)).IsMapped);
        Assert.Equal(0, child.Peek(_at + (2 * Page)));
        Assert.Equal(1, child.Peek(_at + (3 * Page)));
    }

    [Fact]
    public void Fork_OnlyReadOrPartlyWritten_CopiesPtesOnlyOfWrittenVmas_C57()
    {
        _ = _parent.Peek(_at);
        ModelProcess first = _parent.Fork();
        _parent.Poke(_at + Page, 1);
        ModelProcess second = _parent.Fork();

        Assert.Equal(Pfn.None, first.FrameAt(_at));
        Assert.True(second.IsZeroFrameAt(_at));
    }

    [Fact]
    public void Fork_FourProcesses_CountsMappings_C58()
    {
        _parent.Poke(_at, 1);
        ModelProcess[] children = [_parent.Fork(), _parent.Fork(), _parent.Fork()];
        Assert.Equal(4, _parent.MapCountAt(_at));

        Array.ForEach(children, child => child.Exit());

        Assert.Equal(1, _parent.MapCountAt(_at));
    }

    [Fact]
    public void Write_MergedFrame_IsCopiedEvenForItsLastMapper_C60()
    {
        Merge(_at);
        Pfn merged = _parent.FrameAt(_at);
        ModelProcess child = _parent.Fork();

        child.Poke(_at, 2);
        Assert.Equal((1, 1L), (_parent.MapCountAt(_at), _machine.CowKsm));
        _parent.Poke(_at, 3);

        Assert.Equal(2L, _machine.CowKsm);
        Assert.NotEqual(merged, _parent.FrameAt(_at));
        Assert.False(_machine.Store.Frames[merged].Has(FrameFlags.Allocated));
    }

    [Fact]
    public void Unmergeable_MergedFrame_BecomesExclusiveButNotWritable()
    {
        Merge(_at);
        _parent.Advise(_at, Page, Advice.Mergeable);

        _parent.Advise(_at, Page, Advice.Unmergeable);

        Assert.Equal(1L, _machine.CowKsm);
        Pfn own = _parent.FrameAt(_at);
        Assert.False(_parent.Space.Translate(_at / Page).IsWritable);
        _parent.Poke(_at, 2);
        Assert.Equal((own, 1L), (_parent.FrameAt(_at), _machine.CowKsm));
    }

    [Fact]
    public void Remap_MergedFrameThatMayMerge_IsUnsharedBeforeItMoves_C62()
    {
        Merge(_at);
        _parent.Advise(_at, 4 * Page, Advice.Mergeable);

        ulong moved = _parent.Remap(_at, 4 * Page, 4 * Page, to: 0x10000 * Page);

        Assert.Equal(1L, _machine.CowKsm);
        Assert.Equal(1, _parent.Peek(moved));
        Assert.False(_machine.Store.Frames[_parent.FrameAt(moved)].Has(FrameFlags.Ksm));
    }

    [Fact]
    public void Remap_MergedFrameThatMayNotMerge_MovesAsItIs()
    {
        Merge(_at);
        Pfn merged = _parent.FrameAt(_at);

        ulong moved = _parent.Remap(_at, 4 * Page, 4 * Page, to: 0x10000 * Page);

        Assert.Equal(0L, _machine.CowKsm);
        Assert.Equal(merged, _parent.FrameAt(moved));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 2)]
    public void Remap_ThatKeepsTheMapping_LeavesItEmptyAndUnlocked(int first, int pages)
    {
        _parent.Poke(_at + Page, 3);
        _parent.Lock(_at, 4 * Page);
        (ulong start, ulong length) = (_at + ((ulong)first * Page), (ulong)pages * Page);

        ulong moved = _parent.Remap(start, length, length, to: 0x10000 * Page, keepsMapping: true);

        Assert.Equal(3, _parent.Peek(moved + _at + Page - start));
        Assert.False(_parent.FrameAt(_at + Page).IsSome);
        Assert.True(_parent.TryFindMapping(_at, out Mapping old));
        Assert.Equal(_at, old.Address);
        Assert.False(old.Attributes.HasFlag(MappingAttributes.Locked));
        Assert.Equal(length, _parent.LockedBytes);
        Assert.Equal(0, _parent.Peek(_at + Page));
        _parent.Poke(_at + Page, 4);
        Assert.Equal((4, 3), (_parent.Peek(_at + Page), _parent.Peek(moved + _at + Page - start)));
        _machine.Validate();
    }

    [Fact]
    public void Remap_ThatKeepsTheMapping_TakesNoOtherLengthAndMustBeAllowedToMove()
    {
        Assert.Equal(Errno.Invalid, Assert.Throws<MemoryOperationException>(
            () => _parent.Remap(_at, 4 * Page, 2 * Page, keepsMapping: true)).Error);
        Assert.Equal(Errno.Invalid, Assert.Throws<MemoryOperationException>(
            () => _parent.Remap(_at, 4 * Page, 4 * Page, mayMove: false, keepsMapping: true)).Error);
    }

    [Fact]
    public void Lock_MergedFrameInWritableAndReadOnlyVma_BreaksSharingOnlyInTheFirst_C64()
    {
        Merge(_at);
        Merge(_at + Page);
        _parent.Protect(_at + Page, Page, Protection.Read);

        _parent.Lock(_at + Page, Page);
        Assert.Equal(0L, _machine.CowKsm);
        _parent.Lock(_at, Page);

        Assert.Equal(1L, _machine.CowKsm);
    }

    [Fact]
    public void Populate_MergedFrame_OnlyWritingBreaksSharing_C65()
    {
        Merge(_at);

        _parent.Advise(_at, Page, Advice.PopulateRead);
        Assert.Equal(0L, _machine.CowKsm);
        _parent.Advise(_at, Page, Advice.PopulateWrite);

        Assert.Equal(1L, _machine.CowKsm);
    }

    [Fact]
    public void Protect_MergedFrame_StaysMergedUntilWritten_C66()
    {
        Merge(_at);
        _parent.Protect(_at, Page, Protection.None);
        _parent.Protect(_at, Page, Protection.Read | Protection.Write);
        Assert.Equal(0L, _machine.CowKsm);

        _parent.Poke(_at, 2);

        Assert.Equal(1L, _machine.CowKsm);
    }

    [Fact]
    public void Pin_MergedFrame_ToReadCopiesAndAReferenceDoesNot()
    {
        Merge(_at);
        Pfn merged = _parent.FrameAt(_at);

        using (FramePin pipe = _parent.Pin(_at, PinKind.Reference))
        {
            Assert.Equal((merged, 0L), (pipe.Frame, _machine.CowKsm));
        }

        using FramePin device = _parent.Pin(_at, PinKind.Read);

        Assert.NotEqual(merged, device.Frame);
        Assert.Equal((1L, _parent.FrameAt(_at)), (_machine.CowKsm, device.Frame));
    }

    [Fact]
    public void Fork_PinnedPage_IsCopiedForTheChildAtOnce_C82()
    {
        _parent.Poke(_at, 1);
        using FramePin device = _parent.Pin(_at, PinKind.Write);

        ModelProcess child = _parent.Fork();
        _parent.Poke(_at, 2);

        Assert.Equal(device.Frame, _parent.FrameAt(_at));
        Assert.NotEqual(device.Frame, child.FrameAt(_at));
        Assert.Equal(1, child.Peek(_at));
    }

    [Fact]
    public void ForceWrite_ReadOnlyForkSharedPage_CopiesAndStaysReadOnly()
    {
        _parent.Poke(_at, 1);
        _parent.Protect(_at, Page, Protection.Read);
        ModelProcess child = _parent.Fork();

        _parent.On().ForceWrite(_parent, _at, [2]);

        Assert.Equal((2, 1), (_parent.Peek(_at), child.Peek(_at)));
        Assert.Throws<SegmentationFaultException>(() => _parent.Poke(_at, 3));
    }

    [Fact]
    public void Write_KsmZeroPage_DropsTheCountAndIsNoMergedCopy()
    {
        PlaceKsmZero(_at);
        _parent.Advise(_at, Page, Advice.Mergeable);
        ModelProcess child = _parent.Fork();
        Assert.Equal(2L, _machine.KsmZeroPages);

        child.Poke(_at, 1);
        _parent.Advise(_at, Page, Advice.DontNeed);

        Assert.Equal((0L, 0L), (_machine.KsmZeroPages, _machine.CowKsm));
    }

    [Fact]
    public void Write_PrivateFilePage_CopiesAndLeavesTheFileAlone()
    {
        ulong file = _parent.Map(2 * Page, new MapOptions { FileBacked = true });
        Assert.Equal(0, _parent.Peek(file));
        Assert.Equal((1L, 0L), (_parent.ResidentBackedPages, _parent.ResidentAnonymousPages));

        _parent.Poke(file, 1);

        Assert.Equal((0L, 1L), (_parent.ResidentBackedPages, _parent.ResidentAnonymousPages));
        _parent.Advise(file, Page, Advice.DontNeed);
        Assert.Equal(0, _parent.Peek(file));
    }

    [Fact]
    public void Write_SharedPage_IsSeenByTheChild()
    {
        ulong shared = _parent.Map(2 * Page, new MapOptions { Shared = true });
        _parent.Poke(shared, 1);
        ModelProcess child = _parent.Fork();

        child.Poke(shared, 2);
        child.Poke(shared + Page, 3);

        Assert.Equal((2, 3), (_parent.Peek(shared), _parent.Peek(shared + Page)));
    }

    // Puts a page into the state in which the merger leaves it: merged, read-only, not exclusive, its node unknown.
    private void Merge(ulong address)
    {
        _parent.Poke(address, 1);
        ref FrameRecord frame = ref _machine.Store.Frames[_parent.FrameAt(address)];
        frame.Clear(FrameFlags.Exclusive);
        frame.Set(FrameFlags.Ksm | FrameFlags.Dirty);
        frame.Mapping = 0;
        _parent.Protect(address, Page, Protection.Read);
        _parent.Protect(address, Page, Protection.Read | Protection.Write);
    }

    private void PlaceKsmZero(ulong address)
    {
        _parent.Poke(address + Page, 1);
        _ = _parent.Peek(address);
        uint leaf = _parent.Space.Table.Find(address / Page);
        int position = PageTable.PositionOf(address / Page);
        _parent.Space.Table.Enter(leaf);
        _parent.Space.Table.Set(leaf, position, _parent.Space.Table.Get(leaf, position).WithDirty(true));
        _parent.Space.Table.Exit(leaf);
        _parent.Space.CountMergerZeroPages(1);
    }
}
