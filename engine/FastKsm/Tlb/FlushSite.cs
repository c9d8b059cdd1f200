namespace FastKsm.Tlb;

/// <summary>The places that flush translations, each of which stands once in the engine.</summary>
/// <remarks>
/// A test takes each flush away in turn, and something must notice: a flush that nothing needs is a fault too.
/// </remarks>
internal enum FlushSite
{
    /// <summary>Copy on write: the old frame's translation goes before the copy shows.</summary>
    CopyOnWrite,

    /// <summary>A write to a huge mapping of the zero frame: it goes before the huge page shows.</summary>
    HugeZeroReplaced,

    /// <summary>
    /// Pages of a range are unmapped, by a gather: before their frames and page tables are let go.
    /// </summary>
    Unmapped,

    /// <summary>
    /// A huge mapping becomes 512 entries. No translation goes wrong without it; hardware may not hold both sizes at once.
    /// </summary>
    HugeSplit,

    /// <summary>fork: all that became read-only, before the child can run.</summary>
    Forked,

    /// <summary>mprotect: what a range does not permit any more.</summary>
    Protected,

    /// <summary>MADV_FREE and MADV_COLD: what has become clean or unused.</summary>
    Aged,

    /// <summary>A huge mapping has been aged. The gather's flush comes behind it, and would do.</summary>
    HugeAged,

    /// <summary>
    /// A reference check has cleared the accessed bit of a huge mapping. That of a PTE needs no flush, as on x86.
    /// </summary>
    HugeReferenceChecked,

    /// <summary>
    /// Page-out of what no other CPU may hold: before references are counted, the content is copied and the frame let go.
    /// </summary>
    Taken,

    /// <summary>Migration of what no other CPU may hold: before the content is copied.</summary>
    Migrated,

    /// <summary>
    /// Merging: a candidate is write-protected before references are counted and the content is compared.
    /// </summary>
    WriteProtected,

    /// <summary>Merging: the duplicate goes before the merged frame shows.</summary>
    Replaced,

    /// <summary>mremap: pages leave their old place before they show at the new one.</summary>
    Moved,

    /// <summary>The same for a huge mapping.</summary>
    HugeMoved,

    /// <summary>
    /// A huge page is taken apart: pages of zeroes go before their frames are looked at for the last time and let go.
    /// </summary>
    ZeroesDropped,

    /// <summary>The same where the huge page is mapped page by page, for each of its pages.</summary>
    PartTaken,

    /// <summary>
    /// A page table is looked at of which a batch may owe a flush: an empty entry means what it says only behind it (R6).
    /// </summary>
    PendingChecked,

    /// <summary>A batch of pages has been taken from whatever address spaces (R3).</summary>
    Batched,

    /// <summary>Merging in batches: pages are write-protected before references are counted and contents are compared.</summary>
    ProtectedAhead,

    /// <summary>Merging in batches: pages have got merged frames, before the frames that they have given up are let go.</summary>
    ReplacedTogether,
}
