namespace FastKsm;

/// <summary>How an access ended.</summary>
public enum AccessStatus : byte
{
    /// <summary>It happened.</summary>
    Done,

    /// <summary>Nothing is mapped there: SIGSEGV with SEGV_MAPERR.</summary>
    NotMapped,

    /// <summary>The mapping forbids it, as a guard page does: SIGSEGV with SEGV_ACCERR.</summary>
    NotPermitted,

    /// <summary>No page frame is free.</summary>
    OutOfFrames,

    /// <summary>The host has no memory for the machine's tables.</summary>
    OutOfNativeMemory,
}
