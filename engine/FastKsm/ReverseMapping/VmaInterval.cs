namespace FastKsm.ReverseMapping;

/// <summary>A VMA and the linear page indexes it covers, as reverse mapping knows it.</summary>
/// <param name="Vma">Id of the VMA.</param>
/// <param name="First">Index of its first page.</param>
/// <param name="Last">Index of its last page.</param>
internal readonly record struct VmaInterval(uint Vma, ulong First, ulong Last);
