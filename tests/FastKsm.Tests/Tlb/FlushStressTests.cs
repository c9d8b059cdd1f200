using System;
using System.Threading.Tasks;
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
