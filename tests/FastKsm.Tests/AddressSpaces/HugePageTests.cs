using System;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>Huge mappings: how they come about, what splits them, who gets what.</summary>
public sealed class HugePageTests : IDisposable
{
    private const ulong Huge = 512 * Machines.Page;
    private const ulong Start = 64 * Huge;

    private readonly Machine _machine = Machines.Small(frames: 8192);
    private readonly ModelProcess _process;

    public HugePageTests() => _process = _machine.Spawn();

    public void Dispose()
    {
        _machine.Validate();
        _machine.Dispose();
    }

    [Fact]
    public void Write_InAnAdvisedBlock_MapsAllOfIt()
    {
        MapHuge(_process, Start, Huge);

        _process.Poke(Start + (7 * Machines.Page), 1);

        Assert.Equal(Huge, HugeBytes(_process, Start, Huge));
        Assert.Equal(512, _process.ResidentAnonymousPages);
        Assert.Equal(_process.FrameAt(Start).Number + 511, _process.FrameAt(Start + Huge - 1).Number);
        Assert.Equal(8192 - 512, _machine.FreeFrames);
        Assert.Equal(0, _process.Peek(Start));
        Assert.Equal(1, _process.Peek(Start + (7 * Machines.Page)));
    }

    [Theory]
    [InlineData(Start + Machines.Page, Huge)]
    [InlineData(Start, Huge - Machines.Page)]
    public void Write_BlockReachesOverTheEdge_MapsOnePage(ulong address, ulong length)
    {
        MapHuge(_process, address, length);

        _process.Poke(address, 1);

        Assert.Equal(1, _process.ResidentAnonymousPages);
        Assert.False(_process.IsHugeAt(address));
    }

    [Fact]
    public void Write_NotAdvised_MapsOnePage()
    {
        _ = _process.Map(Huge, new MapOptions { At = Start });

        _process.Poke(Start, 1);

        Assert.Equal(1, _process.ResidentAnonymousPages);
    }

    [Fact]
    public void Read_InAnAdvisedBlock_MapsZeroesThatAWriteReplacesAsAWhole()
    {
        MapHuge(_process, Start, Huge);
        Assert.Equal(0, _process.Peek(Start));
        Assert.True(_process.IsZeroFrameAt(Start + Huge - 1));
        Assert.Equal(0, _process.ResidentAnonymousPages);

        _process.Poke(Start, 1);

        Assert.Equal(512, _process.ResidentAnonymousPages);
        Assert.True(_process.IsHugeAt(Start + Huge - 1));
    }

    [Fact]
    public void Unmap_Part_SplitsAndKeepsTheFramesTogether()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);

        _process.Unmap(Start + (8 * Machines.Page), 8 * Machines.Page);

        Assert.Equal(0ul, HugeBytes(_process, Start, Huge));
        Assert.True(_process.IsHugeAt(Start));
        Assert.Equal(504, _process.ResidentAnonymousPages);
        Assert.Equal(8192 - 512, _machine.FreeFrames);
        _process.Unmap(Start, Huge);
        Assert.Equal(8192, _machine.FreeFrames);
    }

    [Fact]
    public void Advise_DontNeedOfAll_LetsItBeMappedAsAWholeAgain()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);
        _process.Protect(Start, Machines.Page, Protection.Read);
        _process.Advise(Start + Machines.Page, Huge - Machines.Page, Advice.DontNeed);
        _process.Advise(Start, Machines.Page, Advice.DontNeed);
        _process.Protect(Start, Machines.Page, Protection.Read | Protection.Write);

        // Dropped in two parts: the page table is there still.
        _process.Poke(Start, 1);
        Assert.Equal(1, _process.ResidentAnonymousPages);

        _process.Advise(Start, Huge, Advice.DontNeed);
        _process.Poke(Start, 1);
        Assert.Equal(512, _process.ResidentAnonymousPages);
    }

    [Fact]
    public void Protect_All_KeepsItHuge()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);

        _process.Protect(Start, Huge, Protection.Read);
        _ = Assert.Throws<SegmentationFaultException>(() => _process.Poke(Start, 2));
        _process.Protect(Start, Huge, Protection.Read | Protection.Write);
        _process.Poke(Start, 3);

        Assert.Equal(Huge, HugeBytes(_process, Start, Huge));
        Assert.Equal(3, _process.Peek(Start));
    }

    [Fact]
    public void Advise_AnythingThatCutsTheMapping_Splits()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);

        _process.Advise(Start, 16 * Machines.Page, Advice.DontDump);

        Assert.Equal(0ul, HugeBytes(_process, Start, Huge));
        Assert.True(_process.IsHugeAt(Start));
    }

    [Fact]
    public void Fork_ThenWrite_CopiesOnePageAndLeavesTheOtherSideHuge()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);
        ModelProcess child = _process.Fork();
        Assert.Equal(8192 - 512, _machine.FreeFrames);
        Assert.Equal(2, _process.MapCountAt(Start));

        _process.Poke(Start + Machines.Page, 9);

        Assert.Equal(0ul, HugeBytes(_process, Start, Huge));
        Assert.Equal(Huge, HugeBytes(child, Start, Huge));
        Assert.NotEqual(_process.FrameAt(Start + Machines.Page), child.FrameAt(Start + Machines.Page));
        Assert.Equal(_process.FrameAt(Start), child.FrameAt(Start));
        Assert.Equal(0, child.Peek(Start + Machines.Page));
        _machine.Validate();

        // What the child leaves behind is the parent's alone again.
        child.Exit();
        Pfn frame = _process.FrameAt(Start);
        _process.Poke(Start, 2);
        Assert.Equal(frame, _process.FrameAt(Start));
    }

    [Fact]
    public void Fork_ThenExitOfTheParent_LeavesTheChildTheWhole()
    {
        ModelProcess child = ForkedChild(out Pfn frame);
        _process.Unmap(Start, Huge);

        child.Poke(Start, 5);

        Assert.Equal(frame, child.FrameAt(Start));
        Assert.Equal(Huge, HugeBytes(child, Start, Huge));
    }

    [Fact]
    public void Fork_WithAPinnedPage_GivesTheChildCopiesOfAllPages()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);
        using FramePin pin = _process.Pin(Start + (3 * Machines.Page), PinKind.Write);

        ModelProcess child = _process.Fork();

        Assert.Equal(0ul, HugeBytes(_process, Start, Huge));
        Assert.NotEqual(_process.FrameAt(Start), child.FrameAt(Start));
        Assert.Equal(1, child.Peek(Start));
        Assert.Equal(8192 - 1024, _machine.FreeFrames);
    }

    [Fact]
    public void Exit_WithABorrowedPage_KeepsAllFramesUntilItIsGivenBack()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);
        FramePin pin = _process.Pin(Start + (3 * Machines.Page), PinKind.Reference);

        _process.Exit();
        Assert.Equal(8192 - 512, _machine.FreeFrames);
        _machine.Validate();

        pin.Dispose();
        Assert.Equal(8192, _machine.FreeFrames);
    }

    [Theory]
    [InlineData(80, true)]
    [InlineData(81, false)]
    public void Remap_ToAnotherBlock_StaysHugeIfItFits(int quarterBlocks, bool staysHuge)
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start + (5 * Machines.Page), 7);
        ulong to = Start + ((ulong)quarterBlocks * Huge / 4);

        _ = _process.Remap(Start, Huge, Huge, to: to);

        Assert.Equal(staysHuge ? Huge : 0, HugeBytes(_process, to, Huge));
        Assert.True(_process.IsHugeAt(to));
        Assert.Equal(7, _process.Peek(to + (5 * Machines.Page)));
    }

    [Fact]
    public void Write_NoBlockOfFramesLeft_MapsOnePage()
    {
        using Machine machine = Machines.Small(frames: 600);
        ModelProcess process = machine.Spawn();
        ulong other = process.MapPages(100);
        process.Touch(other, 100);
        MapHuge(process, Start, Huge);

        process.Poke(Start, 1);

        Assert.Equal(101, process.ResidentAnonymousPages);
        machine.Validate();
    }

    [Fact]
    public void Advise_FreeOfAPart_TakesTheHugePageApartAndDropsPagesOfZeroes()
    {
        MapHuge(_process, Start, Huge);
        _process.Touch(Start, 10);

        _process.Advise(Start, 4 * Machines.Page, Advice.Free);

        Assert.False(_process.IsHugeAt(Start));
        Assert.Equal(10, _process.ResidentAnonymousPages);
        Assert.True(_process.IsZeroFrameAt(Start + (10 * Machines.Page)));
        Assert.Equal(8192 - 10, _machine.FreeFrames);
    }

    [Fact]
    public void Migrate_OfOnePageThatAForkSharesAsAWhole_TakesItApartForBoth()
    {
        ModelProcess child = ForkedChild(out Pfn frame);
        _process.Touch(Start, 5, value: 3);
        child.Protect(Start, 8 * Machines.Page, Protection.Read);
        _machine.Validate();

        Assert.Equal(1, child.Migrate(Start, Machines.Page));

        // Of the 512 frames those stay that hold something: the first five pages are the parent's own by now.
        Assert.False(_process.IsHugeAt(Start) || child.IsHugeAt(Start));
        Assert.True(_process.IsZeroFrameAt(Start + (100 * Machines.Page)) && child.IsZeroFrameAt(Start + (100 * Machines.Page)));
        Assert.Equal((3, 1), (_process.Peek(Start), child.Peek(Start)));
        Assert.NotEqual(frame, child.FrameAt(Start));
        Assert.Equal((5, 1), (_process.ResidentAnonymousPages, child.ResidentAnonymousPages));
    }

    // The walk meets the parent's VMA first; that one is locked, but maps copies of its own.
    [Fact]
    public void Migrate_OfAHugePageWhoseForksAreLockedWithCopies_DropsPagesOfZeroes()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);
        ModelProcess child = _process.Fork();
        _process.Lock(Start, Huge);
        Assert.Equal(1, child.MapCountAt(Start));

        _ = child.Migrate(Start, Machines.Page);

        Assert.False(child.IsHugeAt(Start));
        Assert.True(child.IsZeroFrameAt(Start + (5 * Machines.Page)));
        Assert.False(_process.IsZeroFrameAt(Start + (5 * Machines.Page)));
    }

    [Fact]
    public void Migrate_OfAPageOfAHugePageThatIsLent_LeavesItWhole()
    {
        ModelProcess child = ForkedChild(out _);
        using FramePin pin = child.Pin(Start, PinKind.Reference);

        Assert.Equal(0, _process.Migrate(Start + (6 * Machines.Page), Machines.Page));

        Assert.Equal((Huge, Huge), (HugeBytes(_process, Start, Huge), HugeBytes(child, Start, Huge)));
    }

    [Fact]
    public void Age_OfAHugeMapping_ForgetsThatItWasUsed()
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);

        int AgeOnce()
        {
            Assert.True(_machine.Pager.TryAge(0, _process.FrameAt(Start), out int used, out _));
            return used;
        }

        Assert.Equal((1, 0), (AgeOnce(), AgeOnce()));
        _process.Poke(Start, 2);
        Assert.Equal((1, 0), (AgeOnce(), AgeOnce()));
    }

    private static void MapHuge(ModelProcess process, ulong address, ulong length) =>
        _ = process.Map(length, new MapOptions { At = address, HugePages = true });

    private static ulong HugeBytes(ModelProcess process, ulong address, ulong length) => (ulong)process.UsageOf(address, length).AnonHugePages;

    private ModelProcess ForkedChild(out Pfn frame)
    {
        MapHuge(_process, Start, Huge);
        _process.Poke(Start, 1);
        frame = _process.FrameAt(Start);
        return _process.Fork();
    }
}
