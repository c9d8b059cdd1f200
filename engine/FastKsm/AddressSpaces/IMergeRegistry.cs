namespace FastKsm.AddressSpaces;

/// <summary>What address spaces tell the merger.</summary>
/// <remarks>Called under the mm lock held alone. Thread safety: members may be called by several threads at once.</remarks>
internal interface IMergeRegistry
{
    /// <summary>The address space has its first page that may merge, and is to be scanned from now on.</summary>
    /// <param name="space">The address space.</param>
    void Register(AddressSpace space);

    /// <summary>A registered address space is going away; its pages are still mapped.</summary>
    /// <param name="space">The address space.</param>
    void Exit(AddressSpace space);
}
