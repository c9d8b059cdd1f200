
namespace FastKsm.Swapping;

/// <summary>What swap asks of the folios in its cache; a struct type argument. A folio goes by its first
/// frame.</summary>
/// <remarks>Every call may come with a cluster's lock held, and must not wait.</remarks>
internal interface ISwapFolios
{
    /// <summary>Adds references, one for each slot, to a folio that the caller has.</summary>
    void AddReferences(Pfn head, int count);

    /// <summary>Drops references.</summary>
    void DropReferences(Pfn head, int count);

    /// <summary>Adds a reference unless the folio has none: then it is free, or about to be.</summary>
    bool TryGet(Pfn head);

    /// <summary>Takes the folio lock if it is free.</summary>
    bool TryLock(Pfn head);

    /// <summary>Gives the folio lock back.</summary>
    void Unlock(Pfn head);

    /// <summary>Whether the folio is being written to the device.</summary>
    bool IsUnderWriteback(Pfn head);

    /// <summary>Whether a PTE maps the folio.</summary>
    bool IsMapped(Pfn head);

    /// <summary>The content is in memory only from now on.</summary>
    void MarkDirty(Pfn head);
}
