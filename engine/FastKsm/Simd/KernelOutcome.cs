namespace FastKsm.Simd;

/// <summary>What <see cref="KernelSelfTest"/> found out about one path of one kernel.</summary>
public enum KernelOutcome
{
    /// <summary>The path ran here, and every result was right.</summary>
    Passed,

    /// <summary>The path ran here, and gave a wrong result.</summary>
    Failed,

    /// <summary>The path cannot run here; nothing is known about it.</summary>
    NotReached,
}
