using System.Collections.Generic;
using System.Linq;
using FastKsm.AddressSpaces;
using FastKsm.Swapping;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>Counts: rows 32 to 39 of swap.md 9.3, on each layout. Where Linux's entry counts to 14, the layout's own
/// limit stands.</summary>
public abstract class SwapCountRows(string layout)
{
    [Theory]
    [InlineData(0, 1, 2, 3, 13, 14, 15)]
    [InlineData(61, 62, 63, 64, 127, 128, 200)]
    [InlineData(500, 900, 1000, 5000, 100000, 16, 17)]
    public void Duplicate_ForksOfASwappedPage_CountEach_S32(params int[] forks)
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        foreach (int number in forks)
        {
            SwapEntry entry = rig.Evicted(1)[0];
            for (int i = 0; i < number; i++)
            {
                Assert.Equal(SwapStatus.Done, rig.Space.Duplicate(entry));
            }

            Assert.Equal(1 + number, rig.Space.CountOf(entry));
        }

        rig.Space.Validate();
    }

    [Fact]
    public void Duplicate_BeyondTheEntry_GoesToTheOverflowTable_S33()
    {
        using SwapRig rig = SwapRig.Make(layout);
        int device = rig.Mount(4096);
        SwapEntry entry = rig.Evicted(1)[0];
        RaiseTo(rig, entry, rig.InlineLimit);
        Assert.False(rig.Space.Device(device)!.HasOverflow(0));

        Assert.Equal(SwapStatus.Done, rig.Space.Duplicate(entry));

        SwapDevice at = rig.Space.Device(device)!;
        Assert.True(at.HasOverflow(0));
        Assert.Equal(rig.InlineLimit + 1, at.Read(0, 1).Count);
        Assert.Equal(rig.InlineLimit + 1, rig.Space.CountOf(entry));
        rig.Space.Validate();
    }

    [Fact]
    public void Put_BackToTheEntry_DropsTheOverflowTable_S34()
    {
        using SwapRig rig = SwapRig.Make(layout);
        int device = rig.Mount(4096);
        List<SwapEntry> entries = rig.Evicted(2);
        RaiseTo(rig, entries[0], rig.InlineLimit + 1);
        RaiseTo(rig, entries[1], rig.InlineLimit + 3);

        Assert.Equal(SwapStatus.Done, rig.Space.Put(entries[0]));
        Assert.Equal(rig.InlineLimit, rig.Space.Device(device)!.Read(0, 1).Count);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(rig.Space.Device(device)!.HasOverflow(0));
            Assert.Equal(SwapStatus.Done, rig.Space.Put(entries[1]));
        }

        Assert.False(rig.Space.Device(device)!.HasOverflow(0));
        Assert.Equal(rig.InlineLimit, rig.Space.CountOf(entries[1]));
        rig.Space.Validate();
    }

    [Fact]
    public void DuplicateCached_NoMemoryForTheOverflowTable_ChangesNothing_S35()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        SwapEntry entry = rig.PageOut();
        rig.PageOut();
        for (int i = 1; i < rig.InlineLimit; i++)
        {
            Assert.Equal(SwapStatus.Done, rig.Space.DuplicateCached(entry));
        }

        rig.Faults.Arm(0);
        SwapStatus refused = rig.Space.DuplicateCached(entry, 2);
        rig.Faults.Disarm();

        Assert.Equal(SwapStatus.OutOfNativeMemory, refused);
        Assert.Equal((rig.InlineLimit, 1L), (rig.Space.CountOf(entry), rig.Space.CountOf(entry.Plus(1))));
        rig.Space.Validate();
        Assert.Equal(SwapStatus.Done, rig.Space.DuplicateCached(entry, 2));
        rig.Space.Validate();
    }

    [Fact]
    public void Duplicate_RunOverTwoClusters_IsAllOrNothing()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        List<SwapEntry> entries = rig.Evicted(600);
        RaiseTo(rig, entries[599], rig.InlineLimit);

        rig.Faults.Arm(0);
        SwapStatus refused = rig.Space.Duplicate(entries[0], 600);
        rig.Faults.Disarm();

        Assert.Equal(SwapStatus.OutOfNativeMemory, refused);
        Assert.All(entries.Take(599), entry => Assert.Equal(1, rig.Space.CountOf(entry)));
        Assert.Equal(SwapStatus.Done, rig.Space.Duplicate(entries[0], 600));
        Assert.All(entries.Take(599), entry => Assert.Equal(2, rig.Space.CountOf(entry)));
        rig.Space.Validate();
    }

    [Fact]
    public void Put_ByManyChildren_TheLastOneFrees_S36()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        SwapEntry first = rig.Evicted(256)[0];
        for (int child = 0; child < 900; child++)
        {
            Assert.Equal(SwapStatus.Done, rig.Space.Duplicate(first, 256));
        }

        Assert.Equal(SwapStatus.Done, rig.Space.Put(first, 256));
        Assert.Equal(1024, 4 * rig.Used());
        for (int child = 0; child < 899; child++)
        {
            Assert.Equal(SwapStatus.Done, rig.Space.Put(first, 256));
        }

        rig.Space.Validate();
        Assert.Equal(1024, 4 * rig.Used());
        Assert.Equal(SwapStatus.Done, rig.Space.Put(first, 256));
        Assert.Equal(0, rig.Used());
        Assert.Equal(SwapStatus.NoEntry, rig.Space.Put(first));
        rig.Space.Validate();
    }

    [Fact]
    public void Pte_OfASwappedPageForked_IsExclusiveInNeither_S37()
    {
        SwapEntry entry = new(SwapLimits.MaxDevices - 1, SwapLimits.MaxSlots - 1);
        Pte parent = Pte.Swap(entry, wasExclusive: true);

        Pte forked = parent.WhenForked();

        Assert.Equal((entry, true, true, false), (parent.Entry, parent.IsSwap, parent.WasExclusive, parent.IsPresent));
        Assert.Equal((entry, true, false), (forked.Entry, forked.IsSwap, forked.WasExclusive));
    }

    [Fact]
    public void Put_PartOfALargeFolio_FreesThoseSlots_S38()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        Pfn head = rig.NewFolio(9);
        SwapEntry first = rig.PageOut(head, order: 9);
        Assert.Equal(SwapStatus.Done, rig.Space.Drop(head, SwapShadow.None, 0));

        Assert.Equal(SwapStatus.Done, rig.Space.Put(first.Plus(7), 3));

        Assert.Equal(2048 - 12, 4 * rig.Used());
        rig.Space.Validate();
    }

    [Fact]
    public void Put_TenPages_FreesForty_S39()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(4096);
        List<SwapEntry> entries = rig.Evicted(100);

        Assert.Equal(SwapStatus.Done, rig.Space.Put(entries[20], 10));
        Assert.Equal(400 - 40, 4 * rig.Used());

        // Slots that are cached too: the folios leave the cache, since nothing maps them.
        List<uint> cached = rig.Offsets(10);
        Assert.Equal(SwapStatus.Done, rig.Space.Put(new SwapEntry(0, cached[0]), 10));
        Assert.Equal(400 - 40, 4 * rig.Used());
        rig.Space.Validate();
    }

    [Fact]
    public void Put_CachedSlotOfAMappedFolio_StaysWhileThereIsRoom()
    {
        using SwapRig rig = SwapRig.Make(layout);
        rig.Mount(64);
        Pfn head = rig.NewFolio();
        SwapEntry entry = rig.PageOut(head);
        rig.Folios.Mapped[head.Number] = true;

        Assert.Equal(SwapStatus.Done, rig.Space.Put(entry));
        Assert.Equal((1, 0L), (rig.Used(), rig.Space.CountOf(entry)));

        // Raised again by its folio, and put while more than half of swap is in use.
        Assert.Equal(SwapStatus.NoEntry, rig.Space.Duplicate(entry));
        Assert.Equal(SwapStatus.Done, rig.Space.DuplicateCached(entry));
        rig.Offsets(40);
        Assert.Equal(SwapStatus.Done, rig.Space.Put(entry));
        Assert.Equal(40, rig.Used());
        rig.Space.Validate();
    }

    private static void RaiseTo(SwapRig rig, SwapEntry entry, int count)
    {
        for (long now = rig.Space.CountOf(entry); now < count; now++)
        {
            Assert.Equal(SwapStatus.Done, rig.Space.Duplicate(entry));
        }
    }
}
