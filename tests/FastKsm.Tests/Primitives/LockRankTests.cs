using System;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Primitives;

/// <summary>The rank checker, which is on in every test run, can fail: each rule is broken once.</summary>
public sealed class LockRankTests
{
    private const ulong Start = 1 << 20;

    [Fact]
    public void Checker_IsOn() => Assert.True(LockRanks.IsOn);

    [Fact]
    public void Enter_AgainstTheOrder_NamesBothPlaces()
    {
        RankedLock inner = new(LockRank.Spaces);
        RankedLock outer = new(LockRank.MmList);
        using RankedLock.Scope held = inner.Hold();

        InvalidOperationException fault = Assert.Throws<InvalidOperationException>(() => outer.Enter());

        Assert.Matches(
            @"MmList is taken at LockRankTests.cs:\d+ under Spaces, which was taken at LockRankTests.cs:\d+", fault.Message);
    }

    [Fact]
    public void Enter_TwiceWhereOneIsPermitted_Throws()
    {
        int latch = 0;
        SpinLatch.Enter(ref latch, LockRank.FreeFrames);

        int other = 0;
        _ = Assert.Throws<InvalidOperationException>(() => SpinLatch.Enter(ref other, LockRank.FreeFrames));

        SpinLatch.Exit(ref latch, LockRank.FreeFrames);
    }

    [Fact]
    public void Exit_WithoutEnter_Throws() => Assert.Contains(
        "does not hold it",
        Assert.Throws<InvalidOperationException>(() => LockRanks.Exit(LockRank.MmLock)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("frame", "Taking a frame")]
    [InlineData("huge", "Taking a huge page")]
    [InlineData("record", "Setting records aside")]
    [InlineData("flush", "A flush, which waits")]
    [InlineData("listeners", "Telling listeners")]
    public void UnderALeafsLatch_AllocatingWaitingAndCallingOut_Throw(string what, string expected) => UnderALeaf(
        (machine, space) =>
        {
            switch (what)
            {
                case "frame":
                    _ = machine.Store.Frames.TakeZeroed(0, -1, out _);
                    break;
                case "huge":
                    _ = machine.Store.Frames.TakeHuge(0, -1, out _);
                    break;
                case "record":
                    _ = machine.Store.Pins.TryTake(out _);
                    break;
                case "flush":
                    space.FlushAll(0, FlushSite.Forked);
                    break;
                default:
                    machine.Events.Flush();
                    break;
            }
        },
        expected);

    [Fact]
    public void UnderALeafsLatch_ManagedAllocation_ThrowsWhenTheLatchIsGivenBack()
    {
        using Machine machine = Machines.Small();
        (AddressSpace space, uint leaf) = Leaf(machine);
        InvalidOperationException? fault = null;

        // A few times are excused: the first call of a method may allocate for the runtime.
        for (int time = 0; time < 100 && fault is null; time++)
        {
            LeafEdit edit = new(space.Table, leaf, Start);
            object allocated = new byte[100];
            try
            {
                edit.Exit();
            }
            catch (InvalidOperationException thrown)
            {
                fault = thrown;
            }

            GC.KeepAlive(allocated);
        }

        Assert.Contains("bytes were allocated under PageTableLeaf", fault?.Message, StringComparison.Ordinal);
    }

    private static void UnderALeaf(Action<Machine, AddressSpace> act, string expected)
    {
        using Machine machine = Machines.Small(frames: 4096);
        (AddressSpace space, uint leaf) = Leaf(machine);
        space.Table.Enter(leaf);
        InvalidOperationException fault;
        try
        {
            fault = Assert.Throws<InvalidOperationException>(() => act(machine, space));
        }
        finally
        {
            // Throwing allocates, which the checker would report.
            _ = Record.Exception(() => space.Table.Exit(leaf));
        }

        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    private static (AddressSpace Space, uint Leaf) Leaf(Machine machine)
    {
        ModelProcess process = machine.Spawn();
        _ = process.Map(Machines.Page, new MapOptions { At = Start * Machines.Page });
        process.Touch(Start * Machines.Page, 1);
        AddressSpace space = process.Space;
        return (space, space.Table.Find(Start));
    }
}
