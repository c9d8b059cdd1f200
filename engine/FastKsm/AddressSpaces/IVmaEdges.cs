namespace FastKsm.AddressSpaces;

/// <summary>What a set of VMAs asks of the page table that it lies above.</summary>
internal interface IVmaEdges
{
    /// <summary>The edge of a VMA comes to lie in front of a page: a huge mapping that it would cut is split.</summary>
    void SplitAt(ulong page);
}
