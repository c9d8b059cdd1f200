namespace FastKsm.ReverseMapping;

/// <summary>What a walk does at each VMA. A struct, passed as a type argument, so that calls inline.</summary>
/// <remarks>
/// Called under the range lock of the page's index, held shared: VMAs stay, with their intervals. Implementations may take
/// latches of page tables, nothing further out. A walk that was interrupted may offer a VMA twice.
/// </remarks>
internal interface IRmapVisitor
{
    /// <summary>Whether to visit the VMA.</summary>
    /// <param name="vma">Id of the VMA.</param>
    WalkVerdict Judge(uint vma);

    /// <summary>Visits the VMA.</summary>
    /// <param name="vma">Id of the VMA.</param>
    /// <returns>False to end the walk.</returns>
    bool Visit(uint vma);
}
