namespace FastKsm;

/// <summary>Why an operation was refused, by Linux's names and numbers.</summary>
public enum Errno
{
    /// <summary>Not refused.</summary>
    None = 0,

    /// <summary>ENOMEM: a hole in the range, no room in the address space, or too many mappings.</summary>
    NoMemory = 12,

    /// <summary>EACCES: the mapping may never get this protection.</summary>
    AccessDenied = 13,

    /// <summary>EFAULT: the range is not mapped as the operation demands.</summary>
    BadAddress = 14,

    /// <summary>EBUSY: pages are merged, and the setting may change only while none are.</summary>
    Busy = 16,

    /// <summary>EINVAL: the operation does not apply to this mapping.</summary>
    Invalid = 22,

    /// <summary>ERANGE: a number too large for the setting.</summary>
    OutOfRange = 34,
}
