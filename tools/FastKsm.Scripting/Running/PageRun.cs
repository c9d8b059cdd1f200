namespace FastKsm.Scripting.Running;

/// <summary>Neighbouring pages of a process.</summary>
/// <param name="Address">First address, in bytes.</param>
/// <param name="Pages">How many pages; at least 1.</param>
public readonly record struct PageRun(ulong Address, ulong Pages);
