using FastKsm.Tests.Merging;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.ReverseMapping;

/// <summary>Paging out: who stands in its way and who does not, and what MADV_FREE has offered.</summary>
public sealed class PageOutTests : MergeIndexKinds
{
    private const ulong Huge = 512 * Machines.Page;

    [Theory, MemberData(nameof(Indexes))]
    public void PageOut_LockedVmaHasACopyOfItsOwn_DoesNotStandInTheWay(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(2);
        rig.Scan(2);

        // Locking writes, so the page gets a copy; the merger will know of it after its next visit.
        _ = area[1..].Lock();
        Assert.NotEqual(area.Frame(0), area.Frame(1));

        Assert.Equal(1, area.Process.PageOut(area.At(0), KsmRig.PageSize));
        Assert.Equal(1, area.Process.SwappedPages);
    }

    [Fact]
    public void PageOut_LockedMapping_KeepsThatOne()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Poke(at, 7);
        ModelProcess child = process.Fork();
        child.Protect(at, Machines.Page, Protection.Read);
        child.Lock(at, Machines.Page);

        Assert.Equal(0, process.PageOut(at, Machines.Page));

        Assert.True(process.IsSwappedAt(at));
        Assert.True(child.FrameAt(at).IsSome);
        Assert.Equal((7, 7), (process.Peek(at), child.Peek(at)));
        machine.Validate();
    }

    [Fact]
    public void Advise_PageOutOfAHugePage_PagesAllOfItOut()
    {
        using Machine machine = Machines.Small(frames: 2048);
        ModelProcess process = WithHugePage(machine);
        Assert.True(process.IsHugeAt(Huge));

        process.Advise(Huge, Huge, Advice.PageOut);

        Assert.Equal((512L, 0L), (process.SwappedPages, process.ResidentAnonymousPages));
        Assert.Equal(7, process.Peek(Huge + (100 * Machines.Page)));
        machine.Validate();
    }

    [Fact]
    public void Advise_PageOutOfAHugePageThatAForkShares_DoesNothing_C52()
    {
        using Machine machine = Machines.Small(frames: 2048);
        ModelProcess process = WithHugePage(machine);
        ModelProcess child = process.Fork();

        process.Advise(Huge, Huge, Advice.PageOut);

        Assert.True(process.IsHugeAt(Huge) && child.IsHugeAt(Huge));
        machine.Validate();
    }

    [Fact]
    public void Advise_PageOutUpToALockedMapping_PagesOutWhatLiesBefore_C55()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(4);
        process.Touch(at, 4, 7);
        process.Lock(at + (2 * Machines.Page), Machines.Page);

        MemoryOperationException refusal = Assert.Throws<MemoryOperationException>(
            () => process.Advise(at, 4 * Machines.Page, Advice.PageOut));

        Assert.Equal(Errno.Invalid, refusal.Error);
        Assert.Equal(2, process.SwappedPages);
        Assert.True(process.IsSwappedAt(at + Machines.Page));
        Assert.False(process.IsSwappedAt(at + (3 * Machines.Page)));
    }

    [Fact]
    public void PageOut_OfferedThenWrittenThroughALoan_IsKeptOnce_C81()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Poke(at, 7);
        process.Advise(at, Machines.Page, Advice.Free);
        process.Pin(at, PinKind.Write).Dispose();

        Assert.Equal(0, process.PageOut(at, Machines.Page));
        Assert.Equal(1, process.PageOut(at, Machines.Page));

        Assert.Equal((1L, 7), (process.SwappedPages, process.Peek(at)));
    }

    [Fact]
    public void PageOut_OfferedAndLocked_StaysAnOffer()
    {
        using Machine machine = Machines.Small(frames: 16);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Poke(at, 7);
        process.Protect(at, Machines.Page, Protection.Read);
        process.Advise(at, Machines.Page, Advice.Free);
        process.Lock(at, Machines.Page);

        Assert.Equal(0, process.PageOut(at, Machines.Page));
        process.Unlock(at, Machines.Page);
        Assert.Equal(1, process.PageOut(at, Machines.Page));

        Assert.Equal((0L, 0), (process.SwappedPages, process.Peek(at)));
    }

    // A copy made by unmerging is clean, and so it is for both sides of a fork: one side cannot offer it for the other, as it
    // does on Linux 6.18, where the other then reads zeroes.
    [Theory, MemberData(nameof(Indexes))]
    public void PageOut_CleanPageThatAForkOffers_StaysWhatItIsForTheOther(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(2);
        rig.Scan(2);
        _ = area.Advise(Advice.Unmergeable);
        Area child = area.In(area.Process.Fork());
        _ = area.Advise(Advice.Free);

        _ = area.Process.PageOut(area.Address, area.Bytes);

        child.AssertHolds(0, 7);
    }

    // The frame that was offered is joined by a page that was not. On Linux 6.18 that page reads zeroes afterwards.
    [Theory, MemberData(nameof(Indexes))]
    public void PageOut_MergedIntoAFrameThatWasOffered_KeepsItsContent(MergeIndexKind index)
    {
        using KsmRig rig = new(index);
        Area area = rig.Equal(2);
        rig.Scan(2);
        _ = area.Write(1, 9);
        _ = area[..1].Advise(Advice.Free);
        Area other = rig.Equal(1);
        rig.Scan(2);
        Assert.Equal(area.Frame(0), other.Frame(0));

        _ = area.Process.PageOut(area.Address, KsmRig.PageSize);

        other.AssertHolds(0, 7);
    }

    private static ModelProcess WithHugePage(Machine machine)
    {
        ModelProcess process = machine.Spawn();
        process.Map(Huge, new MapOptions { At = Huge, HugePages = true });
        process.Touch(Huge, 512, 7);
        return process;
    }
}
