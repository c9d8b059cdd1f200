namespace FastKsm.Swapping;

/// <summary>How an operation on swap ended. Whatever is not <see cref="Done"/> has changed nothing.</summary>
internal enum SwapStatus : byte
{
    /// <summary>It succeeded.</summary>
    Done,

    /// <summary>ENOMEM: no device that may be used has room.</summary>
    Full,

    /// <summary>EAGAIN: folios of several pages are not swapped here; the caller splits.</summary>
    Again,

    /// <summary>EINVAL: no such order, header, slot or device.</summary>
    Invalid,

    /// <summary>EBUSY: the device is in use already, or a neighbour of the slot stands in the way.</summary>
    Busy,

    /// <summary>EEXIST: the slot has a folio in the swap cache already.</summary>
    Exists,

    /// <summary>ENOENT: nothing is swapped out at the slot.</summary>
    NoEntry,

    /// <summary>The host has no memory for the tables.</summary>
    OutOfNativeMemory,

    /// <summary>ENOMEM: the group, or one above it, has as much swap as it may.</summary>
    OverLimit,

    /// <summary>EIO: the back end could not read or write.</summary>
    IoError,
}
