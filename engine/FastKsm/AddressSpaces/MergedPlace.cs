namespace FastKsm.AddressSpaces;

/// <summary>One page that was merged into a frame.</summary>
/// <param name="Space">Id of its address space, which may have exited.</param>
/// <param name="Page">The page.</param>
/// <param name="AnonVma">anon_vma of its VMA when it was merged; held.</param>
/// <param name="Index">Its linear page index when it was merged.</param>
internal readonly record struct MergedPlace(uint Space, ulong Page, uint AnonVma, ulong Index);
