namespace FastKsm.Primitives;

/// <summary>How an operation inside the engine ended; the face turns everything but <see cref="Done"/> into exceptions.</summary>
internal enum MemoryStatus : byte
{
    /// <summary>It succeeded.</summary>
    Done,

    /// <summary>No frame is free on any node.</summary>
    OutOfFrames,

    /// <summary>The host refused memory for the engine's own tables.</summary>
    OutOfNativeMemory,

    /// <summary>EINVAL: the operation does not apply to this mapping.</summary>
    Invalid,

    /// <summary>ENOMEM: a hole in the range, no room in the address space, or too many VMAs.</summary>
    NoMemory,

    /// <summary>EBUSY: somebody else works on the page, or has borrowed it.</summary>
    Busy,

    /// <summary>EACCES: the mapping may never get this protection.</summary>
    AccessDenied,

    /// <summary>EFAULT: the range is not mapped as the operation demands.</summary>
    BadAddress,

    /// <summary>SIGSEGV, SEGV_MAPERR: no VMA at the address.</summary>
    NotMapped,

    /// <summary>SIGSEGV, SEGV_ACCERR: the VMA forbids the access.</summary>
    NotPermitted,
}
