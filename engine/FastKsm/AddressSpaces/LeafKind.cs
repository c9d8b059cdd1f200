namespace FastKsm.AddressSpaces;

/// <summary>What a leaf is.</summary>
internal enum LeafKind : byte
{
    /// <summary>Nothing yet: its block may come to be mapped as a whole.</summary>
    None = 0,

    /// <summary>512 PTEs; also when all are empty by now.</summary>
    Table = 1,

    /// <summary>One entry for all of its pages, in the place of the first PTE.</summary>
    Huge = 2,
}
