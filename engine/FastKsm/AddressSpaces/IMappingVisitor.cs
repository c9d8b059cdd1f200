namespace FastKsm.AddressSpaces;

/// <summary>What is done at each page that may map a frame. A struct, passed as a type argument.</summary>
internal interface IMappingVisitor
{
    /// <summary>Looks at a page, and does what it is for if the page maps the frame.</summary>
    /// <param name="space">Whose page.</param>
    /// <param name="flags">Attributes of its VMA.</param>
    /// <param name="page">The page.</param>
    /// <returns>False to end the walk.</returns>
    bool Visit(AddressSpace space, VmaFlags flags, ulong page);
}
