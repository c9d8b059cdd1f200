using System;

namespace FastKsm;

/// <summary>How a machine's CPUs remember and forget translations. Checked when a machine is made from it.</summary>
public sealed record TlbOptions
{
    internal const int MostContextSlots = 6;
    private const int MostPages = 1 << 20;

    /// <summary>Geometry of each CPU's TLB.</summary>
    public TlbPreset Preset { get; init; } = TlbPreset.SkylakeServer;

    /// <summary>Which entry of a full set makes room.</summary>
    public TlbReplacement Replacement { get; init; } = TlbReplacement.TreePlru;

    /// <summary>Seed of <see cref="TlbReplacement.Random"/>.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How other CPUs are told to forget.</summary>
    public ShootdownKind Shootdown { get; init; } = ShootdownKind.X86Interrupts;

    /// <summary>Who pays for the order between accesses and flushes of different threads of the host.</summary>
    public AccessFence Fence { get; init; } = AccessFence.ProcessWideBarrier;

    /// <summary>Costs of the cost model.</summary>
    public CostPreset Costs { get; init; } = CostPreset.BareMetal;

    /// <summary>
    /// Address spaces whose translations a CPU can hold at once (PCID), 1 to 6; with 1 every switch flushes.
    /// </summary>
    public int ContextSlots { get; init; } = MostContextSlots;

    /// <summary>
    /// Strides up to which a range is invalidated one by one (<c>tlb_single_page_flush_ceiling</c>), 0 to 2^20.
    /// </summary>
    public int SinglePageCeiling { get; init; } = 33;

    /// <summary>Strides from which on arm64 drops the whole address space, 1 to 2^20.</summary>
    public int ArmRangeLimit { get; init; } = 512;

    /// <summary>Pages that one INVLPGB can name, 1 to 2^20.</summary>
    public int InvlpgbMaxPages { get; init; } = 8;

    /// <summary>CPUs on which an address space must be active before it is given a global ASID, less one; 0 to 2^20.</summary>
    public int GlobalAsidThreshold { get; init; } = 3;

    /// <summary>Whether a CPU leaves an address space's mask when it switches away, as before Linux 6.14.</summary>
    public bool ClearsMaskAtSwitch { get; init; }

    /// <summary>Flush events that the machine's log keeps, the newest; 0 for no log, at most 2^20.</summary>
    public int LogCapacity { get; init; }

    /// <summary>The time by which a mask is trimmed, at most once a second; the machine's.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Throws unless every option is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message says which.</exception>
    internal void Validate()
    {
        Check(Preset, nameof(Preset));
        Check(Replacement, nameof(Replacement));
        Check(Shootdown, nameof(Shootdown));
        Check(Fence, nameof(Fence));
        Check(Costs, nameof(Costs));
        Check(ContextSlots, 1, MostContextSlots, nameof(ContextSlots));
        Check(SinglePageCeiling, 0, MostPages, nameof(SinglePageCeiling));
        Check(ArmRangeLimit, 1, MostPages, nameof(ArmRangeLimit));
        Check(InvlpgbMaxPages, 1, MostPages, nameof(InvlpgbMaxPages));
        Check(GlobalAsidThreshold, 0, MostPages, nameof(GlobalAsidThreshold));
        Check(LogCapacity, 0, MostPages, nameof(LogCapacity));
    }

    private static void Check<TKind>(TKind value, string name)
        where TKind : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            Primitives.Throw.OutOfRange(name, value, "one of its names");
        }
    }

    private static void Check(int value, int least, int most, string name)
    {
        if (value < least || value > most)
        {
            Primitives.Throw.OutOfRange(name, value, $"{least} to {most}");
        }
    }
}
