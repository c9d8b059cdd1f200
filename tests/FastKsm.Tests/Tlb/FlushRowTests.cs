using System;
using System.Threading;
using FastKsm.Memory;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>Rows of the conformance table of TLB flushes that hold by rule; a number is a row's.</summary>
public sealed class FlushRowTests : IDisposable
{
    private const ulong Page = 0x200;

    // Pages that the shrinker frees at once.
    private const int FreeBatch = 31;

    private readonly ModelClock _clock = new();
    private FlushEngine _engine = null!;

    public void Dispose() => _engine?.Dispose();

    [Fact]
    public void T10_EightPagesSeenByOneCpu_AreInvalidatedThereAndNowhereElse()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);

        Flush(mm, 8);

        TlbCounters counters = _engine.Counters;
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

        TlbCounters counters = _engine.Counters;
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

        _engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, hugePages * 512, 9, freedTables: false);

        Assert.Equal((ones, alls), (_engine.Counters.NrTlbLocalFlushOne, _engine.Counters.NrTlbLocalFlushAll));
    }

    [Fact]
    public void T46_LazyCpu_GetsNoInterruptAndFlushesWhenItGoesOn()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        _engine[1].SwitchTo(null);

        Flush(mm, 8);
        TlbCounters counters = _engine.Counters;
        long before = counters.SwitchFlushes;
        Assert.Equal((1L, 0L, 0L), (counters.NrTlbRemoteFlush, counters.IpiSent, counters.NrTlbRemoteFlushReceived));

        _engine[1].SwitchTo(mm);
        Assert.Equal(before + 1, _engine.Counters.SwitchFlushes);
        _engine[1].SwitchTo(null);
        _engine[1].SwitchTo(mm);
        Assert.Equal(before + 1, _engine.Counters.SwitchFlushes);
    }

    [Fact]
    public void T47_LazyCpu_IsInterruptedForPageTables_AndDropsTheAddressSpace()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        _engine[1].SwitchTo(null);

        _engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, 8, 0, freedTables: true);
        TlbCounters counters = _engine.Counters;
        Assert.Equal((1L, 1L), (counters.IpiSent, counters.LeftLazy));
        Assert.Equal((0L, 0L), (counters.RemoteFlushOne, counters.RemoteFlushAll));

        _engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, 8, 0, freedTables: false);
        Assert.Equal(1, _engine.Counters.IpiSent);
    }

    [Fact]
    public void T48_HaltedCpu_UnderKvm_IsToldToFlushOnEntry()
    {
        SpaceTranslations mm = Make(cpus: 2, new TlbOptions { Shootdown = ShootdownKind.Paravirtual });
        Run(0, mm);
        Run(1, mm);
        _engine[1].SwitchTo(null);
        _engine[1].EndDriving();

        _engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, 8, 0, freedTables: true);
        TlbCounters counters = _engine.Counters;
        Assert.Equal((0L, 0L), (counters.IpiSent, counters.NrTlbRemoteFlushReceived));
        Assert.Equal((1L, 0L), (counters.EntryAsked, counters.EntryFlushes));

        Run(1, mm);
        Assert.Equal(1, _engine.Counters.EntryFlushes);
    }

    [Fact]
    public void T49_StaleBit_IsTrimmedByOneInterrupt_AndAllLaterFlushesAreLocal()
    {
        SpaceTranslations mm = Make(cpus: 2);
        SpaceTranslations other = Space(2);
        Run(0, mm);
        Run(1, mm);
        _engine[1].SwitchTo(other);
        Flush(mm, 1);
        Assert.Equal((1L, 0L), (_engine.Counters.NrTlbRemoteFlush, _engine.Counters.IpiSent));

        _clock.Advance(TimeSpan.FromSeconds(1.5));
        for (int i = 0; i < 1000; i++)
        {
            Flush(mm, 1);
        }

        TlbCounters counters = _engine.Counters;
        Assert.Equal((2L, 1L, 1L), (counters.NrTlbRemoteFlush, counters.IpiSent, counters.WrongCpu));
        Assert.False(mm.HasCpu(1));
        Assert.Equal(1001, counters.NrTlbLocalFlushOne);
    }

    [Fact]
    public void T50_ABatchOfTwoAddressSpaces_IsOneOperationForBothCpus()
    {
        SpaceTranslations a = Make(cpus: 3);
        SpaceTranslations b = Space(2);
        Run(1, a);
        Run(2, b);
        FlushBatch batch = new(_engine, kernelThread: true);
        for (int page = 0; page < 31; page++)
        {
            batch.Add(0, a, wasDirty: false);
            batch.Add(0, b, wasDirty: page == 30);
        }

        Assert.True(batch.IsRequired && batch.IsWritable);
        batch.FlushIfWritable(0);

        TlbCounters counters = _engine.Counters;
        Assert.Equal((1L, 1L), (counters.BatchFlushes, counters.NrTlbRemoteFlush));
        Assert.Equal((2L, 2L), (counters.IpiSent, counters.RemoteFlushAll));
        Assert.Equal((32ul, 32ul), (a.Generation, b.Generation));
        Assert.False(batch.IsRequired || batch.IsWritable);
        batch.Flush(0);
        Assert.Equal(1, _engine.Counters.BatchFlushes);
    }

    [Fact]
    public void T51_ABatchOfManyAddressSpaces_IsOneOperation()
    {
        _ = Make(cpus: 80);
        FlushBatch batch = new(_engine, kernelThread: true);
        for (int cpu = 1; cpu <= 31; cpu++)
        {
            SpaceTranslations mm = Space((ulong)cpu + 100);
            Run(cpu * 2, mm);
            batch.Add(0, mm, wasDirty: false);
        }

        batch.Flush(0);

        Assert.Equal((1L, 31L), (_engine.Counters.NrTlbRemoteFlush, _engine.Counters.IpiSent));
    }

    [Fact]
    public void T52_TwoRequestsMeet_TheFirstFlushesAllAndTheSecondIsLate()
    {
        SpaceTranslations mm = AtGeneration(5);
        long sent = _engine.Counters.IpiSent;
        _engine.HoldsRequests = true;
        Flush(mm, 1);
        Flush(mm, 2);
        Assert.Equal((1L, 1L), (_engine.Counters.IpiSent - sent, _engine.Counters.IpiCoalesced));
        TlbCounters before = _engine.CountersOf(1);

        _engine[1].Drain();

        TlbCounters after = _engine.CountersOf(1);
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
        TlbCounters before = _engine.CountersOf(1);

        FlushRequest later = new(mm, mm.ContextId, Page, 1, 0, b, 0, RequestKind.Interrupt);
        _ = _engine[1].Deliver(in later, Thread.CurrentThread, out _);
        FlushRequest earlier = later with { NewGeneration = a };
        _ = _engine[1].Deliver(in earlier, Thread.CurrentThread, out _);

        TlbCounters after = _engine.CountersOf(1);
        Assert.Equal((1L, 1L), (after.RemoteFlushAll - before.RemoteFlushAll, after.FlushNoop - before.FlushNoop));
    }

    [Fact]
    public void T54_ABatchReachesACpuThatIsUpToDate_NothingIsDone()
    {
        SpaceTranslations mm = Make(cpus: 2);
        SpaceTranslations other = Space(2);
        Run(1, mm);
        _engine[1].SwitchTo(other);
        FlushBatch batch = new(_engine, kernelThread: true);
        batch.Add(0, mm, wasDirty: false);

        batch.Flush(0);

        TlbCounters counters = _engine.Counters;
        Assert.Equal((1L, 1L, 0L), (counters.NrTlbRemoteFlushReceived, counters.FlushNoop, counters.RemoteFlushAll));
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

        Assert.Equal((flushes, switches - flushes), (_engine.Counters.SwitchFlushes, _engine.Counters.SwitchesKept));
    }

    [Fact]
    public void T57_ThreeFlushesMissed_AreOneAtTheSwitch()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        _engine[1].SwitchTo(Space(2));
        Flush(mm, 1);
        Flush(mm, 1);
        Flush(mm, 1);
        long before = _engine.Counters.SwitchFlushes;

        _engine[1].SwitchTo(mm);
        _engine[1].SwitchTo(Space(3));
        _engine[1].SwitchTo(mm);

        // One for the address space, one for the third, which had no slot.
        Assert.Equal(before + 2, _engine.Counters.SwitchFlushes);
        _engine.Validate();
    }

    [Fact]
    public void T58_ThreadsOfOneAddressSpace_SwitchWithoutFlush()
    {
        SpaceTranslations mm = Make(cpus: 1);
        Run(0, mm);
        TlbCounters before = _engine.Counters;
        for (int i = 0; i < 100; i++)
        {
            _engine[0].SwitchTo(mm);
        }

        TlbCounters after = _engine.Counters;
        Assert.Equal((before.SwitchFlushes, before.SwitchesKept), (after.SwitchFlushes, after.SwitchesKept));
    }

    [Fact]
    public void T59_Arm_EachPageIsBroadcastWhenUnmapped_AndOneWaitEndsABatch()
    {
        SpaceTranslations mm = Make(cpus: 2, new TlbOptions { Shootdown = ShootdownKind.ArmBroadcast });
        Run(1, mm);
        FlushBatch batch = new(_engine, kernelThread: true);
        Assert.True(batch.ShouldDefer(1, mm));
        for (int page = 0; page < 32; page++)
        {
            batch.Add(0, mm, wasDirty: false, Page + (ulong)page);
            if (page >= 30)
            {
                batch.Flush(0);
            }
        }

        TlbCounters counters = _engine.Counters;
        Assert.Equal((32L, 2L, 0L), (counters.Broadcasts, counters.Syncs, counters.IpiSent));
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(33, 5)]
    [InlineData(34, 1)]
    public void T60_Amd_AddressSpaceOnManyCpus_IsFlushedByInstruction(ulong pages, long instructions)
    {
        SpaceTranslations mm = Make(cpus: 6, new TlbOptions { Shootdown = ShootdownKind.Invlpgb });
        for (int cpu = 0; cpu < 4; cpu++)
        {
            Run(cpu, mm);
        }

        Flush(mm, 1);
        Assert.NotEqual(0, mm.GlobalAsid);
        Assert.True(mm.IsInTransition);
        Flush(mm, 1);
        Assert.False(mm.IsInTransition);
        TlbCounters before = _engine.Counters;
        Assert.Equal(6, before.IpiSent);

        Flush(mm, pages);

        TlbCounters counters = _engine.Counters;
        Assert.Equal((instructions, 1L, 6L), (counters.Broadcasts, counters.Syncs, counters.IpiSent));
    }

    // The shrinker frees 31 at a time, each time behind the batch's flush.
    [Fact]
    public void T61_Amd_ABatchIsOneInstructionForAllAndOneWait_WhateverItHolds()
    {
        SpaceTranslations mm = Make(cpus: 6, new TlbOptions { Shootdown = ShootdownKind.Invlpgb });
        SpaceTranslations other = Space(2);
        for (int cpu = 0; cpu < 6; cpu++)
        {
            Run(cpu, cpu < 4 ? mm : other);
        }

        FlushBatch batch = new(_engine, kernelThread: true);
        for (int page = 1; page <= 62; page++)
        {
            batch.Add(5, mm, wasDirty: false, Page + (ulong)page);
            if (page % FreeBatch == 0)
            {
                batch.Flush(5);
            }
        }

        TlbCounters counters = _engine.Counters;
        Assert.Equal((2L, 2L, 2L), (counters.BatchFlushes, counters.Broadcasts, counters.Syncs));
        Assert.Equal((0L, 0L), (counters.IpiSent, counters.NrTlbRemoteFlushReceived));
        for (int cpu = 0; cpu < 4; cpu++)
        {
            Assert.False(_engine[cpu].TryBegin(Page + 1, writes: false, out _));
        }
    }

    // What was dirty is written out one by one, each page behind a flush; held back for the others of its batch, 31 need one.
    [Theory]
    [InlineData(1, 62)]
    [InlineData(FreeBatch, 2)]
    public void T69_DirtyPagesHeldBackForABatch_NeedOneFlushForAll(int heldBack, long operations)
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        FlushBatch batch = new(_engine, kernelThread: false);
        for (int page = 1; page <= 62; page++)
        {
            batch.Add(0, mm, wasDirty: true, Page + (ulong)page);
            Assert.True(batch.IsWritable, "Nothing may be written out before a flush.");
            if (page % heldBack == 0)
            {
                batch.FlushIfWritable(0);
                Assert.False(batch.IsWritable || batch.IsRequired);
            }
        }

        batch.Flush(0);
        Assert.Equal((operations, operations), (_engine.Counters.BatchFlushes, _engine.Counters.NrTlbRemoteFlush));
    }

    [Fact]
    public void Amd_AddressSpaceOnThreeCpus_StaysWithInterrupts()
    {
        SpaceTranslations mm = Make(cpus: 6, new TlbOptions { Shootdown = ShootdownKind.Invlpgb });
        for (int cpu = 0; cpu < 3; cpu++)
        {
            Run(cpu, mm);
        }

        Flush(mm, 1);

        Assert.Equal(0, mm.GlobalAsid);
    }

    [Fact]
    public void T64_ASecondGather_FlushesAllAndToLazyCpus()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        _engine[1].SwitchTo(null);
        Gather<NoRelease> first = Gather<NoRelease>.Begin(_engine, FlushSite.Unmapped, 0, mm, default);
        Gather<NoRelease> second = Gather<NoRelease>.Begin(_engine, FlushSite.Unmapped, 0, mm, default);
        second.Extend(Page, 1, 0);

        second.Finish();
        TlbCounters counters = _engine.Counters;
        Assert.Equal((1L, 1L, 1L), (counters.IpiSent, counters.LeftLazy, counters.NrTlbLocalFlushAll));

        first.Extend(Page, 1, 0);
        first.Finish();
        Assert.Equal((2L, 1L), (_engine.Counters.RangeFlushes, _engine.Counters.NrTlbLocalFlushOne));
        Assert.Equal(0, mm.FlushPending);
    }

    [Theory]
    [InlineData(33, 33, 0)]
    [InlineData(34, 0, 4)]
    public void T71_KernelRange_GoesToAllCpus(ulong pages, long onesEach, long globals)
    {
        _ = Make(cpus: 4, new TlbOptions { LogCapacity = 64 });

        _engine.FlushKernel(0, Page, pages);

        TlbCounters counters = _engine.Counters;
        Assert.Equal((3L, 3L, 1L), (counters.IpiSent, counters.NrTlbRemoteFlushReceived, counters.NrTlbRemoteFlush));
        Assert.Equal(onesEach * 4, counters.NrTlbLocalFlushOne);
        FlushEvent[] all = Array.FindAll(_engine.Log!.Events(), happened => happened.End == HandlerEnd.KernelAll);
        Assert.Equal(globals, all.Length);
    }

    [Fact]
    public void ArmLocal_OneCpu_NeedsNoBroadcast()
    {
        SpaceTranslations mm = Make(cpus: 2, new TlbOptions { Shootdown = ShootdownKind.ArmLocal });
        Run(0, mm);
        Flush(mm, 3);
        Assert.Equal((3L, 0L), (_engine.Counters.LocalInvalidations, _engine.Counters.Broadcasts));

        Run(1, mm);
        Flush(mm, 3);
        Assert.Equal((3L, 3L), (_engine.Counters.LocalInvalidations, _engine.Counters.Broadcasts));
    }

    [Fact]
    public void KernelThread_ItsOwnCpuIsLazy_AndComparesWhenItIsLeft()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        long before = _engine.Counters.SwitchFlushes;

        _engine.Flush(FlushSite.Unmapped, 0, kernelThread: true, mm, Page, 1, 0, freedTables: false);
        Assert.True(_engine[0].IsLazy || !_engine[0].IsActive(mm));
        _engine.EndKernelThread(0);

        Assert.True(_engine[0].IsActive(mm));
        Assert.Equal((before + 1, 0L), (_engine.Counters.SwitchFlushes, _engine.Counters.NrTlbLocalFlushOne));
        _engine.Validate();
    }

    [Fact]
    public void CheckPending_AfterABatch_FlushesOnce()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        FlushBatch batch = new(_engine, kernelThread: false);
        batch.Add(0, mm, wasDirty: false);
        batch.Flush(0);
        Assert.Equal((1, 0), (mm.BatchedPending, mm.BatchedFlushed));

        _engine.CheckPending(0, kernelThread: false, mm);
        _engine.CheckPending(0, kernelThread: false, mm);

        Assert.Equal((1, 1), (mm.BatchedPending, mm.BatchedFlushed));
        Assert.Equal((1L, 1L), (_engine.Counters.BatchedPendingFlush, _engine.Counters.RangeFlushes));
    }

    [Fact]
    public void I13_ABatchOwesExactlyWhileItHasCpusToTell()
    {
        SpaceTranslations mm = Make(cpus: 70);
        Run(69, mm);
        FlushBatch batch = new(_engine, kernelThread: true);
        Random random = new(1);
        for (int step = 0; step < 200; step++)
        {
            switch (random.Next(4))
            {
                case 0:
                    batch.Flush(0);
                    break;
                case 1:
                    batch.FlushIfWritable(0);
                    break;
                default:
                    batch.Add(0, mm, wasDirty: random.Next(2) == 0);
                    break;
            }

            CpuMask mask = batch.Mask;
            Assert.Equal(batch.IsRequired, ((ReadOnlySpan<ulong>)mask).ContainsAnyExcept(0ul));
            Assert.True(batch.IsRequired || !batch.IsWritable);
        }
    }

    // A look that has flushed for what it saw does not take a page that came meanwhile for flushed.
    [Fact]
    public void I20_AddressSpaceOwes_UntilWhatIsInABatchIsFlushed()
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(1, mm);
        FlushBatch batch = new(_engine, kernelThread: true);
        batch.Add(0, mm, wasDirty: false);
        Assert.True(mm.OwesBatched(out int seen));
        batch.Add(0, mm, wasDirty: false);

        mm.MarkFlushed(seen);
        Assert.True(mm.OwesBatched(out seen));

        mm.MarkFlushed(seen);
        Assert.False(mm.OwesBatched(out _));
    }

    [Fact]
    public void Fork_InheritsWhatBatchesOwe()
    {
        SpaceTranslations parent = Make(cpus: 2);
        Run(1, parent);
        FlushBatch batch = new(_engine, kernelThread: true);
        batch.Add(0, parent, wasDirty: false);
        batch.Flush(0);
        SpaceTranslations child = Space(2);

        child.InheritBatched(parent);

        Assert.Equal((1, 0), (child.BatchedPending, child.BatchedFlushed));
    }

    [Fact]
    public void BatchedPending_BeyondHalf_StartsAgain()
    {
        SpaceTranslations mm = Make(cpus: 1);
        for (int i = 0; i < 16384; i++)
        {
            mm.AddBatched();
        }

        Assert.Equal(16384, mm.BatchedPending);
        mm.AddBatched();
        Assert.Equal((1, 0), (mm.BatchedPending, mm.BatchedFlushed));
    }

    [Fact]
    public void Costs_ThirtyFourPages_AreCheaperThanThirtyThreeInAGuest()
    {
        SpaceTranslations mm = Make(cpus: 1, new TlbOptions { Costs = CostPreset.VirtualMachine });
        Run(0, mm);
        long start = _engine.CyclesOf(0);
        Flush(mm, 33);
        long few = _engine.CyclesOf(0) - start;
        Flush(mm, 34);
        long many = _engine.CyclesOf(0) - start - few;

        Assert.InRange((double)few / many, 2, 100);
    }

    private SpaceTranslations Make(int cpus, TlbOptions? options = null)
    {
        _engine = new FlushEngine((options ?? new TlbOptions()) with { Time = _clock }, cpus, new AllocationFaults());
        return Space(1);
    }

    private SpaceTranslations Space(ulong contextId)
    {
        SpaceTranslations mm = new(_engine);
        mm.Begin(contextId);
        return mm;
    }

    // On two CPUs, both as new.
    private SpaceTranslations AtGeneration(ulong generation)
    {
        SpaceTranslations mm = Make(cpus: 2);
        Run(0, mm);
        Run(1, mm);
        while (mm.Generation < generation)
        {
            Flush(mm, 1);
        }

        return mm;
    }

    private void Run(int cpu, SpaceTranslations mm)
    {
        _engine[cpu].BeginDriving(Thread.CurrentThread);
        _engine[cpu].SwitchTo(mm);
    }

    private void Flush(SpaceTranslations mm, ulong pages) =>
        _engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, pages, 0, freedTables: false);

    private readonly struct NoRelease : IGatherRelease
    {
        public void ReleaseFrame(Pfn frame, bool isHuge, bool delayedRmap)
        {
        }

        public void ReleaseTable(uint leaf)
        {
        }
    }
}
