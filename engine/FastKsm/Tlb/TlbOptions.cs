using System;

namespace FastKsm.Tlb;

/// <summary>How a machine's CPUs remember and forget translations.</summary>
internal sealed record TlbOptions
{
    /// <summary>Geometry of each CPU's TLB.</summary>
    internal TlbPreset Preset { get; init; } = TlbPreset.SkylakeServer;

    /// <summary>Which entry of a full set makes room.</summary>
    internal TlbReplacement Replacement { get; init; } = TlbReplacement.TreePlru;

    /// <summary>Seed of <see cref="TlbReplacement.Random"/>.</summary>
    internal int Seed { get; init; } = 1;

    /// <summary>How other CPUs are told.</summary>
    internal ShootdownKind Shootdown { get; init; } = ShootdownKind.X86Interrupts;

    /// <summary>Who pays for the order between accesses and flushes.</summary>
    internal AccessFence Fence { get; init; } = AccessFence.ProcessWideBarrier;

    /// <summary>Costs of the cost model.</summary>
    internal CostPreset Costs { get; init; } = CostPreset.BareMetal;

    /// <summary>
    /// Address spaces whose translations a CPU can hold at once, 1 to 6; 1 is a CPU without PCID, where every switch
    /// flushes.
    /// </summary>
    internal int ContextSlots { get; init; } = CpuTlb.MaxSlots;

    /// <summary>Strides up to which a range is invalidated one by one (<c>tlb_single_page_flush_ceiling</c>).</summary>
    internal int SinglePageCeiling { get; init; } = 33;

    /// <summary>Strides from which on arm64 drops the whole address space.</summary>
    internal int ArmRangeLimit { get; init; } = 512;

    /// <summary>Pages that one INVLPGB can name.</summary>
    internal int InvlpgbMaxPages { get; init; } = 8;

    /// <summary>CPUs on which an address space must be active before it is given a global ASID, less one.</summary>
    internal int GlobalAsidThreshold { get; init; } = 3;

    /// <summary>Whether a CPU leaves an address space's mask when it switches away, as before Linux 6.14.</summary>
    internal bool ClearsMaskAtSwitch { get; init; }

    /// <summary>The time by which a mask is trimmed, at most once a second.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Events that the log keeps; 0 for no log.</summary>
    internal int LogCapacity { get; init; }
}
