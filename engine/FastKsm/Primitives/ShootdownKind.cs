namespace FastKsm;

/// <summary>How a CPU makes others forget translations.</summary>
public enum ShootdownKind
{
    /// <summary>x86: an interrupt to each CPU that runs the address space.</summary>
    X86Interrupts,

    /// <summary>
    /// x86 under KVM: the same, but a CPU that the host does not run is told to flush when it runs again.
    /// </summary>
    Paravirtual,

    /// <summary>
    /// AMD INVLPGB: one instruction for all CPUs, for address spaces that run on more than three; else interrupts.
    /// </summary>
    Invlpgb,

    /// <summary>arm64: each invalidation is broadcast in hardware.</summary>
    ArmBroadcast,

    /// <summary>arm64: broadcast, but for address spaces that have run on no other CPU.</summary>
    ArmLocal,
}
