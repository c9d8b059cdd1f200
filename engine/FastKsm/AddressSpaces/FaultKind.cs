namespace FastKsm.AddressSpaces;

/// <summary>Why a page is faulted.</summary>
internal enum FaultKind : byte
{
    /// <summary>It is to be read.</summary>
    Read,

    /// <summary>It is to be written.</summary>
    Write,

    /// <summary>It is to be written in spite of its protection, as a debugger does; the PTE does not become writable.</summary>
    ForcedWrite,

    /// <summary>It is to be private to this address space, as a pin or an unmerge demands; it does not become writable.</summary>
    Unshare,
}
