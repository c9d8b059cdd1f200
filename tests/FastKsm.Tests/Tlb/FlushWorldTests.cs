using System;
using System.Runtime.InteropServices;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>
/// Random work on several CPUs by one thread: no access sees what a flush has killed, and every planted bug is found.
/// </summary>
public sealed class FlushWorldTests
{
    private const int Cpus = 4;
    private const int Spaces = 8;
    private const int Steps = 20_000;

    [Theory]
    [InlineData(ShootdownKind.X86Interrupts, 6, false)]
    [InlineData(ShootdownKind.X86Interrupts, 1, false)]
    [InlineData(ShootdownKind.X86Interrupts, 6, true)]
    [InlineData(ShootdownKind.Paravirtual, 6, false)]
    [InlineData(ShootdownKind.Invlpgb, 6, false)]
    [InlineData(ShootdownKind.ArmBroadcast, 6, false)]
    [InlineData(ShootdownKind.ArmLocal, 6, false)]
    public void AnyWork_EveryAccessSeesItsPageTable(ShootdownKind kind, int slots, bool clearsMask)
    {
        TlbOptions options = new()
        {
            Shootdown = kind,
            ContextSlots = slots,
            ClearsMaskAtSwitch = clearsMask,
            GlobalAsidThreshold = 1,
            LogCapacity = 1 << 20,
        };
        for (int seed = 1; seed <= 4; seed++)
        {
            using FlushWorld world = new(options, Cpus, Spaces);
            Work(world, seed);
            Assert.Equal(0, world.Engine.Log!.Lost);
            if (kind is ShootdownKind.X86Interrupts or ShootdownKind.Paravirtual)
            {
                FlushWorld.CheckRequests(world.Engine.Log.Events());
            }

            Same(world.Engine.Log.Replay(), world.Engine.Counters);
        }
    }

    [Theory]
    [InlineData(PlantedBug.NoGeneration)]
    [InlineData(PlantedBug.NoCompareAfterLazy)]
    [InlineData(PlantedBug.NoCompareAtSwitch)]
    [InlineData(PlantedBug.RangeTooShort)]
    [InlineData(PlantedBug.RangeOverGap)]
    [InlineData(PlantedBug.LazySkippedForTables)]
    [InlineData(PlantedBug.NotSent)]
    [InlineData(PlantedBug.BatchNotFlushed)]
    [InlineData(PlantedBug.GatherNotFlushed)]
    [InlineData(PlantedBug.ReleasedBeforeFlush)]
    [InlineData(PlantedBug.TablesReleasedBeforeFlush)]
    [InlineData(PlantedBug.NestedNotSeen)]
    internal void PlantedBug_IsFound(PlantedBug bug)
    {
        using FlushWorld world = new(new TlbOptions(), Cpus, Spaces, bug);

        _ = Assert.Throws<InvalidOperationException>(() => Work(world, seed: 1));
    }

    [Theory]
    [InlineData(FlushSite.Unmapped)]
    [InlineData(FlushSite.Batched)]
    [InlineData(FlushSite.PendingChecked)]
    internal void Flush_LeftOut_IsFound(FlushSite site)
    {
        using FlushWorld world = new(new TlbOptions(), Cpus, Spaces);
        world.Engine.Dropped = site;

        _ = Assert.Throws<InvalidOperationException>(() => Work(world, seed: 1));
        Assert.NotEqual(0, world.Engine.DroppedFlushes);
    }

    private static void Work(FlushWorld world, int seed)
    {
        Random random = new(seed);
        for (int cpu = 0; cpu < Cpus; cpu++)
        {
            world.Run(cpu, cpu % 2);
        }

        for (int step = 0; step < Steps; step++)
        {
            int cpu = random.Next(Cpus);
            int space = random.Next(3) == 0 ? random.Next(Spaces) : random.Next(2);
            int page = random.Next(FlushWorld.Pages);
            int pages = random.Next(1, Math.Min(FlushWorld.Pages - page, 40) + 1);
            switch (random.Next(40))
            {
                case 0:
                    world.Run(cpu, space);
                    break;
                case 1:
                    world.Idle(cpu);
                    break;
                case 2:
                    world.Change(cpu, space, page, pages);
                    break;
                case 3:
                    world.Change(cpu, space, page, pages, kernelThread: true);
                    break;
                case 4:
                    world.Engine.EndKernelThread(cpu);
                    break;
                case 5:
                    world.Change(cpu, space, page, 1, freedTables: true);
                    break;
                case 6:
                    world.Reclaim(cpu, space, page, pages, () => Touch(world, random, 10));
                    world.Populate(space);
                    break;
                case 7:
                    world.Unmap(cpu, space, page, pages, freesTable: true);
                    world.Populate(space);
                    break;
                case 8:
                    world.Engine.CheckPending(cpu, kernelThread: false, world.Spaces[space]);
                    break;
                case 9 when world.Engine[cpu].Running is { } running:
                    int own = Array.IndexOf(world.Spaces, running);
                    world.UnmapTwice(random.Next(Cpus), own, page, pages, cpu);
                    world.Populate(own);
                    break;
                case 10:
                    Missed(world, cpu, space, page, pages, random);
                    break;
                case 11:
                    world.ReclaimBesideLook(cpu, space, page, pages, random.Next(Cpus), () => Touch(world, random, 10));
                    world.Populate(space);
                    break;
                default:
                    Touch(world, random, 10);
                    break;
            }

            world.Engine.Validate();
            world.CheckGenerations();
        }
    }

    // Two requests meet in the queues: neither alone is all that the slot lacks.
    private static void Missed(FlushWorld world, int cpu, int space, int page, int pages, Random random)
    {
        world.Engine.HoldsRequests = true;
        world.Change(cpu, space, page, pages);
        world.Change(cpu, space, random.Next(FlushWorld.Pages), 1);
        world.Engine.HoldsRequests = false;
        if (random.Next(2) == 0)
        {
            Touch(world, random, 10);
        }

        for (int target = 0; target < Cpus; target++)
        {
            world.Engine[target].Drain();
        }
    }

    private static void Touch(FlushWorld world, Random random, int times)
    {
        for (int i = 0; i < times; i++)
        {
            int cpu = random.Next(Cpus);
            if (world.Engine[cpu].Running is not null)
            {
                _ = world.Access(cpu, random.Next(FlushWorld.Pages));
            }
        }
    }

    private static byte[] Bytes(ref TlbCounters counters) =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref counters, 1)).ToArray();

    private static void Same(TlbCounters replayed, TlbCounters live)
    {
        replayed.Hits = live.Hits;
        replayed.L2Hits = live.L2Hits;
        replayed.Misses = live.Misses;
        Assert.Equal(Bytes(ref live), Bytes(ref replayed));
        Assert.True(live.IpiSent + live.IpiCoalesced == live.Requests && live.IpiSent <= live.Requests, "I24");
        Assert.True(live.NrTlbRemoteFlushReceived == live.Requests, "I25");
    }
}
