namespace FastKsm.Memory;

/// <summary>A tree's node that, as a leaf, knows the leaves beside it.</summary>
internal interface ILeafNode
{
    /// <summary>Leaf before this one; 0 for none.</summary>
    uint Previous { get; set; }

    /// <summary>Leaf behind this one; 0 for none.</summary>
    uint Next { get; set; }
}
