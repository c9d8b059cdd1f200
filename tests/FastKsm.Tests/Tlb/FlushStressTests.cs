using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>
/// Real threads: no access sees a frame after the flush that killed it has returned; and the faults that would let it
/// are found.
/// </summary>
[Collection(RunsAlone.Name)]
public sealed class FlushStressTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1, 4, false, AccessFence.ProcessWideBarrier)]
    [InlineData(1, 1, true, AccessFence.ProcessWideBarrier)]
    [InlineData(3, 200, false, AccessFence.ProcessWideBarrier)]
    [InlineData(7, 16, true, AccessFence.ProcessWideBarrier)]
    [InlineData(3, 4, true, AccessFence.FullFence)]
    public async Task Kill_WhileOthersUse_NothingKilledIsSeen(int users, int pages, bool switches, AccessFence fence)
    {
        TlbOptions options = new() { Fence = fence, ClearsMaskAtSwitch = switches };
        using FlushStress stress = new(options, users, pages, spins: 20, switches, PlantedBug.None);

        await stress.Run(50_000, s_short);

        output.WriteLine($"{stress.Kills} kills, {stress.Uses} uses");
        Assert.Equal(0, stress.Violations);
        Assert.True(stress.Kills > 0 && stress.Uses > 0, "Nothing happened.");
        stress.Engine.Validate();
        TlbCounters counters = stress.Engine.Counters;
        Assert.Equal(counters.Requests, counters.NrTlbRemoteFlushReceived);
        Assert.Equal(counters.Requests, counters.IpiSent + counters.IpiCoalesced);
    }

    [Theory]
    [InlineData(ShootdownKind.Paravirtual)]
    [InlineData(ShootdownKind.Invlpgb)]
    [InlineData(ShootdownKind.ArmBroadcast)]
    [InlineData(ShootdownKind.ArmLocal)]
    public async Task Kill_OtherKinds_NothingKilledIsSeen(ShootdownKind kind)
    {
        TlbOptions options = new() { Shootdown = kind, GlobalAsidThreshold = 1 };
        using FlushStress stress = new(options, users: 2, pages: 8, spins: 20, switches: true, PlantedBug.None);

        await stress.Run(20_000, s_short);

        Assert.Equal(0, stress.Violations);
        stress.Engine.Validate();
    }

    // I26: no CPU waits while it holds what another one needs, however full the queues are.
    [Theory]
    [InlineData(AccessFence.ProcessWideBarrier)]
    [InlineData(AccessFence.FullFence)]
    public async Task Flush_EveryCpuEachOther_AllGetOn(AccessFence fence)
    {
        const int Cpus = 4;
        const int Each = 3000;
        const ulong First = 0x300;
        using FlushEngine engine = new(new TlbOptions { Fence = fence }, Cpus, new AllocationFaults());
        SpaceTranslations space = new(engine);
        space.Begin(1);
        await Threads.RunAll([.. Enumerable.Range(0, Cpus).Select<int, Action>(number => () =>
        {
            CpuTlb cpu = engine[number];
            cpu.BeginDriving(Thread.CurrentThread);
            cpu.SwitchTo(space);
            Translation read = new(new Pfn((uint)number + 1), TranslationBits.Valid | TranslationBits.Accessed);
            for (int i = 0; i < Each; i++)
            {
                _ = cpu.BeginFilled(First + (ulong)number, read, writes: false);
                cpu.End();
                engine.Flush(
                    FlushSite.Unmapped, number, kernelThread: false, space, First + (ulong)(i % Cpus), 1, 0, freedTables: i % 7 == 0);
            }

            cpu.SwitchTo(null);
            cpu.EndDriving();
        })]);

        engine.Validate();
        TlbCounters counters = engine.Counters;
        Assert.Equal((long)Cpus * Each, counters.RangeFlushes);
        Assert.Equal(counters.Requests, counters.NrTlbRemoteFlushReceived);
    }

    [Theory]
    [InlineData(PlantedBug.NoBarrier, 100, false)]
    [InlineData(PlantedBug.NoWait, 20, false)]
    [InlineData(PlantedBug.MaskSetLate, 1, true)]
    [InlineData(PlantedBug.NoGeneration, 1, true)]
    [InlineData(PlantedBug.NotSent, 1, false)]
    internal async Task PlantedBug_IsFound(PlantedBug bug, int spins, bool switches)
    {
#if DEBUG
        Assert.SkipWhen(
            bug == PlantedBug.NoBarrier,
            "Between the section's store and the load behind it a debug build runs longer than a store takes to arrive.");
#endif
        TlbOptions options = new() { ClearsMaskAtSwitch = switches };
        using FlushStress stress = new(options, users: 1, pages: 1, spins, switches, bug);

        await stress.Run(long.MaxValue, s_patience);

        output.WriteLine($"found after {stress.Kills} kills");
        Assert.NotEqual(0, stress.Violations);
    }
}
