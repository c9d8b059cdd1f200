namespace FastKsm.Cli.LiveProcesses;

/// <summary>What the KSM bit of <c>/proc/kpageflags</c> is worth on a kernel.</summary>
/// <param name="State">What the probe found.</param>
/// <param name="TellsExclusive">
/// Whether bit 34 tells the pages that one process has for itself (Linux's PageAnonExclusive). A KSM page never is one.
/// </param>
internal sealed record KsmBit(KsmBitState State, bool TellsExclusive)
{
    /// <summary>The finding in a sentence.</summary>
    internal string Sentence => State switch
    {
        KsmBitState.Right => "/proc/kpageflags tells KSM pages from others.",
        KsmBitState.ShownByAll when TellsExclusive =>
            "/proc/kpageflags shows the KSM bit on every anonymous page of this kernel; KSM pages are told by other "
            + "bits and by the amounts in smaps.",
        KsmBitState.ShownByAll =>
            "/proc/kpageflags shows the KSM bit on every anonymous page of this kernel, and nothing else tells KSM pages; "
            + "the amounts in smaps are taken.",
        _ => "/proc/kpageflags cannot be read, so KSM pages are told by the amounts in smaps.",
    };
}
