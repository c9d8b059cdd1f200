namespace FastKsm.ReverseMapping;

/// <summary>What a walk does at each VMA. A struct, passed as a type argument, so that calls inline.</summary>
/// <remarks>
/// Called, but for <see cref="Prefetch"/>, under the range lock of the page's index, held shared: VMAs stay, with their intervals. Implementations may take
/// latches of page tables, nothing further out. A walk that was interrupted may offer a VMA twice.
/// </remarks>
internal interface IRmapVisitor
{
    /// <summary>Whether to visit the VMA.</summary>
    /// <param name="vma">Id of the VMA.</param>
    WalkVerdict Judge(uint vma);

    /// <summary>Asks for what the other two read first, before there is a lock: the VMA may be another by then, or none.</summary>
    /// <param name="vma">Id of the VMA.</param>
    void Prefetch(uint vma);

    /// <summary>Visits the VMA.</summary>
    /// <param name="vma">Id of the VMA.</param>
    /// <returns>False to end the walk.</returns>
    bool Visit(uint vma);
}
