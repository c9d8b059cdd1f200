using System;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>Rows about what differs between kinds of hardware: broadcasts, instructions, guests. A number is a row's.</summary>
public sealed class HardwareRowTests : FlushRows
{
    // Pages that the shrinker frees at once.
    private const int FreeBatch = 31;

    [Fact]
    public void T48_HaltedCpu_UnderKvm_IsToldToFlushOnEntry()
    {
        SpaceTranslations mm = Make(cpus: 2, new TlbOptions { Shootdown = ShootdownKind.Paravirtual });
        Run(0, mm);
        Run(1, mm);
        Engine[1].SwitchTo(null);
        Engine[1].EndDriving();

        Engine.Flush(FlushSite.Unmapped, 0, kernelThread: false, mm, Page, 8, 0, freedTables: true);
        TlbCounters counters = Engine.Counters;
        Assert.Equal((0L, 0L), (counters.IpiSent, counters.NrTlbRemoteFlushReceived));
        Assert.Equal((1L, 0L), (counters.EntryAsked, counters.EntryFlushes));

        Run(1, mm);
        Assert.Equal(1, Engine.Counters.EntryFlushes);
    }

    [Fact]
    public void T59_Arm_EachPageIsBroadcastWhenUnmapped_AndOneWaitEndsABatch()
    {
        SpaceTranslations mm = Make(cpus: 2, new TlbOptions { Shootdown = ShootdownKind.ArmBroadcast });
        Run(1, mm);
        FlushBatch batch = new(Engine, kernelThread: true);
        Assert.True(batch.ShouldDefer(1, mm));
        for (int page = 0; page < 32; page++)
        {
            batch.Add(0, mm, wasDirty: false, Page + (ulong)page);
            if (page >= 30)
            {
                batch.Flush(0);
            }
        }

        TlbCounters counters = Engine.Counters;
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
        TlbCounters before = Engine.Counters;
        Assert.Equal(6, before.IpiSent);

        Flush(mm, pages);

        TlbCounters counters = Engine.Counters;
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

        FlushBatch batch = new(Engine, kernelThread: true);
        for (int page = 1; page <= 62; page++)
        {
            batch.Add(5, mm, wasDirty: false, Page + (ulong)page);
            if (page % FreeBatch == 0)
            {
                batch.Flush(5);
            }
        }

        TlbCounters counters = Engine.Counters;
        Assert.Equal((2L, 2L, 2L), (counters.BatchFlushes, counters.Broadcasts, counters.Syncs));
        Assert.Equal((0L, 0L), (counters.IpiSent, counters.NrTlbRemoteFlushReceived));
        for (int cpu = 0; cpu < 4; cpu++)
        {
            Assert.False(Engine[cpu].TryBegin(Page + 1, writes: false, out _));
        }
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

    [Theory]
    [InlineData(33, 33, 0)]
    [InlineData(34, 0, 4)]
    public void T71_KernelRange_GoesToAllCpus(ulong pages, long onesEach, long globals)
    {
        _ = Make(cpus: 4, new TlbOptions { LogCapacity = 64 });

        Engine.FlushKernel(0, Page, pages);

        TlbCounters counters = Engine.Counters;
        Assert.Equal((3L, 3L, 1L), (counters.IpiSent, counters.NrTlbRemoteFlushReceived, counters.NrTlbRemoteFlush));
        Assert.Equal(onesEach * 4, counters.NrTlbLocalFlushOne);
        FlushEvent[] all = Array.FindAll(Engine.Log!.Events(), happened => happened.End == HandlerEnd.KernelAll);
        Assert.Equal(globals, all.Length);
    }

    [Fact]
    public void ArmLocal_OneCpu_NeedsNoBroadcast()
    {
        SpaceTranslations mm = Make(cpus: 2, new TlbOptions { Shootdown = ShootdownKind.ArmLocal });
        Run(0, mm);
        Flush(mm, 3);
        Assert.Equal((3L, 0L), (Engine.Counters.LocalInvalidations, Engine.Counters.Broadcasts));

        Run(1, mm);
        Flush(mm, 3);
        Assert.Equal((3L, 3L), (Engine.Counters.LocalInvalidations, Engine.Counters.Broadcasts));
    }

    [Fact]
    public void Costs_ThirtyFourPages_AreCheaperThanThirtyThreeInAGuest()
    {
        SpaceTranslations mm = Make(cpus: 1, new TlbOptions { Costs = CostPreset.VirtualMachine });
        Run(0, mm);
        long start = Engine.CyclesOf(0);
        Flush(mm, 33);
        long few = Engine.CyclesOf(0) - start;
        Flush(mm, 34);
        long many = Engine.CyclesOf(0) - start - few;

        Assert.InRange((double)few / many, 2, 100);
    }
}
