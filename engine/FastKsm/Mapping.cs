
namespace FastKsm;

/// <summary>
/// A mapping of a process at the moment it was looked up: one VMA, as a line of /proc/PID/smaps shows it.
/// </summary>
/// <param name="Address">First address.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Protection">What it permits.</param>
/// <param name="Attributes">What else makes it unlike its neighbours.</param>
public readonly record struct Mapping(ulong Address, ulong Length, Protection Protection, MappingAttributes Attributes);
