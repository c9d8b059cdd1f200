namespace FastKsm.AddressSpaces;

/// <summary>The pages that a range and one leaf have in common.</summary>
/// <param name="Leaf">Id of the leaf.</param>
/// <param name="Page">First page.</param>
/// <param name="Count">Number of pages; at least one.</param>
internal readonly record struct LeafRun(uint Leaf, ulong Page, int Count)
{
    /// <summary>Position of the first page in the leaf.</summary>
    internal int Position => PageTable.PositionOf(Page);

    /// <summary>Whether all of the leaf lies in the range.</summary>
    internal bool IsWhole => Count == PteLeaf.Length;
}
