using System;
using System.Threading;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>Rows of the conformance table of TLB flushes that hold by rule; a number is a row's.</summary>
public sealed class FlushRowTests : FlushRows
{
    [Fact]
    public void T10_EightPagesSeenByOneCpu_AreInvalidatedThereAndNowhereElse()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);

        Flush(mm, 8);

        TlbCounters counters = Engine.Counters;
        Assert.Equal((0L, 0L), (counters.NrTlbRemoteFlush, counters.IpiSent));
        Assert.Equal((8L, 0L), (counters.NrTlbLocalFlushOne, counters.NrTlbLocalFlushAll));
    }

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(33, 33, 0)]
    [InlineData(34, 0, 1)]
    [InlineData(1024, 0, 1)]
    public void T12_Pages_AreInvalidatedOneByOneUpToTheCeiling(ulong pages, long ones, long alls)
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);

        Flush(mm, pages);

        TlbCounters counters = Engine.Counters;
        Assert.Equal((1L, 1L, 1L), (counters.NrTlbRemoteFlush, counters.IpiSent, counters.NrTlbRemoteFlushReceived));
        Assert.Equal((ones, alls), (counters.NrTlbLocalFlushOne, counters.NrTlbLocalFlushAll));
        Assert.Equal((ones, alls), (counters.RemoteFlushOne, counters.RemoteFlushAll));
    }

    [Theory]
    [InlineData(33, 33, 0)]
    [InlineData(34, 0, 1)]
    public void T27_HugePages_CountAsOneEach(ulong hugePages, long ones, long alls)
    {
        SpaceTranslations mm = Make(cpus: 1);
        Run(0, mm);

        Engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, hugePages * 512, 9, freedTables: false);

        Assert.Equal((ones, alls), (Engine.Counters.NrTlbLocalFlushOne, Engine.Counters.NrTlbLocalFlushAll));
    }

    [Fact]
    public void T46_LazyCpu_GetsNoInterruptAndFlushesWhenItGoesOn()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        Engine[1].SwitchTo(null);

        Flush(mm, 8);
        TlbCounters counters = Engine.Counters;
        long before = counters.SwitchFlushes;
        Assert.Equal((1L, 0L, 0L), (counters.NrTlbRemoteFlush, counters.IpiSent, counters.NrTlbRemoteFlushReceived));

        Engine[1].SwitchTo(mm);
        Assert.Equal(before + 1, Engine.Counters.SwitchFlushes);
        Engine[1].SwitchTo(null);
        Engine[1].SwitchTo(mm);
        Assert.Equal(before + 1, Engine.Counters.SwitchFlushes);
    }

    [Fact]
    public void T47_LazyCpu_IsInterruptedForPageTables_AndDropsTheAddressSpace()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        Engine[1].SwitchTo(null);

        Engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, 8, 0, freedTables: true);
        TlbCounters counters = Engine.Counters;
        Assert.Equal((1L, 1L), (counters.IpiSent, counters.LeftLazy));
        Assert.Equal((0L, 0L), (counters.RemoteFlushOne, counters.RemoteFlushAll));

        Engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, 8, 0, freedTables: false);
        Assert.Equal(1, Engine.Counters.IpiSent);
    }

    [Fact]
    public void T49_StaleBit_IsTrimmedByOneInterrupt_AndAllLaterFlushesAreLocal()
    {
        SpaceTranslations mm = Make(cpus: 2);
        SpaceTranslations other = Space(2);
        Run(0, mm);
        Run(1, mm);
        Engine[1].SwitchTo(other);
        Flush(mm, 1);
        Assert.Equal((1L, 0L), (Engine.Counters.NrTlbRemoteFlush, Engine.Counters.IpiSent));

        Clock.Advance(TimeSpan.FromSeconds(1.5));
        for (int i = 0; i < 1000; i++)
        {
            Flush(mm, 1);
        }

        TlbCounters counters = Engine.Counters;
        Assert.Equal((2L, 1L, 1L), (counters.NrTlbRemoteFlush, counters.IpiSent, counters.WrongCpu));
        Assert.False(mm.HasCpu(1));
        Assert.Equal(1001, counters.NrTlbLocalFlushOne);
    }

    [Fact]
    public void T52_TwoRequestsMeet_TheFirstFlushesAllAndTheSecondIsLate()
    {
        SpaceTranslations mm = AtGeneration(5);
        long sent = Engine.Counters.IpiSent;
        Engine.HoldsRequests = true;
        Flush(mm, 1);
        Flush(mm, 2);
        Assert.Equal((1L, 1L), (Engine.Counters.IpiSent - sent, Engine.Counters.IpiCoalesced));
        TlbCounters before = Engine.CountersOf(1);

        Engine[1].Drain();

        TlbCounters after = Engine.CountersOf(1);
        Assert.Equal(2, after.NrTlbRemoteFlushReceived - before.NrTlbRemoteFlushReceived);
        Assert.Equal((1L, 1L), (after.RemoteFlushAll - before.RemoteFlushAll, after.FlushNoop - before.FlushNoop));
        Assert.Equal(0, after.RemoteFlushOne - before.RemoteFlushOne);
    }

    [Fact]
    public void T53_TheLaterRequestComesFirst_ItFlushesAllAndTheOtherIsLate()
    {
        SpaceTranslations mm = AtGeneration(5);
        ulong a = mm.NextGeneration();
        ulong b = mm.NextGeneration();
        TlbCounters before = Engine.CountersOf(1);

        FlushRequest later = new(mm, mm.ContextId, Page, 1, 0, b, 0, RequestKind.Interrupt);
        _ = Engine[1].Deliver(in later, Thread.CurrentThread, out _);
        FlushRequest earlier = later with { NewGeneration = a };
        _ = Engine[1].Deliver(in earlier, Thread.CurrentThread, out _);

        TlbCounters after = Engine.CountersOf(1);
        Assert.Equal((1L, 1L), (after.RemoteFlushAll - before.RemoteFlushAll, after.FlushNoop - before.FlushNoop));
    }

    [Theory]
    [InlineData(6, 60, 6)]
    [InlineData(7, 70, 70)]
    public void T55_T56_AddressSpacesInTurn_HaveSixSlots(int spaces, int switches, long flushes)
    {
        _ = Make(cpus: 1);
        SpaceTranslations[] all = new SpaceTranslations[spaces];
        for (int i = 0; i < spaces; i++)
        {
            all[i] = Space((ulong)i + 10);
        }

        for (int i = 0; i < switches; i++)
        {
            Run(0, all[i % spaces]);
        }

        Assert.Equal((flushes, switches - flushes), (Engine.Counters.SwitchFlushes, Engine.Counters.SwitchesKept));
    }

    [Fact]
    public void T57_ThreeFlushesMissed_AreOneAtTheSwitch()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        Engine[1].SwitchTo(Space(2));
        Flush(mm, 1);
        Flush(mm, 1);
        Flush(mm, 1);
        long before = Engine.Counters.SwitchFlushes;

        Engine[1].SwitchTo(mm);
        Engine[1].SwitchTo(Space(3));
        Engine[1].SwitchTo(mm);

        // One for the address space, one for the third, which had no slot.
        Assert.Equal(before + 2, Engine.Counters.SwitchFlushes);
        Engine.Validate();
    }

    [Fact]
    public void T58_ThreadsOfOneAddressSpace_SwitchWithoutFlush()
    {
        SpaceTranslations mm = Make(cpus: 1);
        Run(0, mm);
        TlbCounters before = Engine.Counters;
        for (int i = 0; i < 100; i++)
        {
            Engine[0].SwitchTo(mm);
        }

        TlbCounters after = Engine.Counters;
        Assert.Equal((before.SwitchFlushes, before.SwitchesKept), (after.SwitchFlushes, after.SwitchesKept));
    }

    [Fact]
    public void KernelThread_ItsOwnCpuIsLazy_AndComparesWhenItIsLeft()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        long before = Engine.Counters.SwitchFlushes;

        Engine.Flush(FlushSite.Unmapped, 0, kernelThread: true, mm, Page, 1, 0, freedTables: false);
        Assert.True(Engine[0].IsLazy || !Engine[0].IsActive(mm));
        Engine.EndKernelThread(0);

        Assert.True(Engine[0].IsActive(mm));
        Assert.Equal((before + 1, 0L), (Engine.Counters.SwitchFlushes, Engine.Counters.NrTlbLocalFlushOne));
        Engine.Validate();
    }
}
