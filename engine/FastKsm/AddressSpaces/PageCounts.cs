namespace FastKsm.AddressSpaces;

/// <summary>Counts of the pages of a range, by what they are.</summary>
internal struct PageCounts
{
    /// <summary>A page that is mapped once is this many bits wide in <see cref="Shares"/>: 12 more than a page of 4 KiB has.</summary>
    internal const int ShareShift = 24;

    /// <summary>VMAs that have pages in the range.</summary>
    internal int Vmas;

    /// <summary>Pages in VMAs.</summary>
    internal long Pages;

    /// <summary>Present pages, zero frames aside.</summary>
    internal long Resident;

    /// <summary>Sum over these of 2^24 divided by the frame's map count.</summary>
    internal long Shares;

    /// <summary>The part of <see cref="Shares"/> that lies in locked VMAs.</summary>
    internal long LockedShares;

    /// <summary>Pages on anonymous frames.</summary>
    internal long Anonymous;

    /// <summary>Pages of huge mappings, zero frames aside.</summary>
    internal long AnonymousHuge;

    /// <summary>Pages on merged frames.</summary>
    internal long Merged;

    /// <summary>Pages mapped more than once whose frame or PTE is not dirty.</summary>
    internal long SharedClean;

    /// <summary>Pages mapped more than once whose frame or PTE is dirty.</summary>
    internal long SharedDirty;

    /// <summary>Pages mapped once whose frame or PTE is not dirty.</summary>
    internal long PrivateClean;

    /// <summary>Pages mapped once whose frame or PTE is dirty.</summary>
    internal long PrivateDirty;

    /// <summary>Pages whose PTE has its accessed bit set.</summary>
    internal long Referenced;
}
