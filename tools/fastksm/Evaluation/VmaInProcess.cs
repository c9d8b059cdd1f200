using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>One VMA among those of an evaluation.</summary>
/// <param name="Process">Whose it is.</param>
/// <param name="Vma">As smaps showed it.</param>
/// <param name="Eligibility">Whether it takes part, or why not.</param>
internal readonly record struct VmaInProcess(LiveProcess Process, Vma Vma, VmaEligibility Eligibility);
