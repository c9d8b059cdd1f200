namespace FastKsm.Tlb;

/// <summary>What the cost model charges, in cycles (the reference's 1.3).</summary>
/// <param name="WalkHot">A walk whose page-table entries lie in the CPU's caches.</param>
/// <param name="StlbHit">A second-level hit.</param>
/// <param name="InvalidateOne">A single invalidation.</param>
/// <param name="InvalidateAll">All of the loaded address space.</param>
/// <param name="InvalidateGlobal">All there is.</param>
/// <param name="IpiFirst">The first interrupt of a flush, for the CPU that sends it.</param>
/// <param name="IpiNext">Each further one.</param>
/// <param name="IpiWire">From sending to arriving.</param>
/// <param name="InterruptEntryExit">Into and out of the handler.</param>
/// <param name="AckLine">The cache line that tells the initiator that a target is done.</param>
/// <param name="HandlerFixed">The handler's tests.</param>
/// <param name="ContextSwitch">A switch that flushes nothing.</param>
/// <param name="Broadcast">A broadcasting instruction.</param>
/// <param name="Sync">Waiting for these.</param>
internal readonly record struct TlbCosts(
    int WalkHot,
    int StlbHit,
    int InvalidateOne,
    int InvalidateAll,
    int InvalidateGlobal,
    int IpiFirst,
    int IpiNext,
    int IpiWire,
    int InterruptEntryExit,
    int AckLine,
    int HandlerFixed,
    int ContextSwitch,
    int Broadcast,
    int Sync)
{
    private static readonly TlbCosts s_bareMetal =
        new(40, 8, 270, 150, 950, 800, 120, 700, 700, 120, 150, 1500, 150, 800);

    private static readonly TlbCosts s_virtualMachine =
        new(70, 8, 950, 600, 2000, 4000, 500, 6000, 1800, 120, 200, 2500, 150, 800);

    /// <summary>The costs of a preset; broadcasts by the kind of shootdown, on a machine of so many CPUs.</summary>
    internal static TlbCosts Of(CostPreset preset, ShootdownKind kind, int cpus)
    {
        TlbCosts costs = preset == CostPreset.VirtualMachine ? s_virtualMachine : s_bareMetal;
        return kind is ShootdownKind.ArmBroadcast or ShootdownKind.ArmLocal
            ? costs with { Broadcast = 50, Sync = 200 + (20 * cpus) }
            : costs;
    }

    /// <summary>A handler's work.</summary>
    internal long OfHandler(HandlerEnd end, long strides) => HandlerFixed + end switch
    {
        HandlerEnd.Range or HandlerEnd.KernelRange => (strides == 0 ? 1 : strides) * InvalidateOne,
        HandlerEnd.Full or HandlerEnd.Reloaded or HandlerEnd.LeftLazy => InvalidateAll,
        HandlerEnd.KernelAll => InvalidateGlobal,
        _ => 0,
    };
}
