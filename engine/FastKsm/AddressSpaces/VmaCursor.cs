namespace FastKsm.AddressSpaces;

/// <summary>A place in a VMA tree; default is behind the last VMA. Good until the tree changes.</summary>
/// <param name="Leaf">Leaf node; 0 for none.</param>
/// <param name="Index">Entry in the leaf.</param>
internal readonly record struct VmaCursor(uint Leaf, int Index)
{
    /// <summary>Whether a VMA stands here.</summary>
    internal bool IsSome => Leaf != 0;
}
