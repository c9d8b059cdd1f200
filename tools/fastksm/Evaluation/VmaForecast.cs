using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>One VMA in the result of an evaluation.</summary>
/// <param name="Vma">As smaps showed it.</param>
/// <param name="Eligibility">Whether it takes part, or why not.</param>
/// <param name="Counts">What becomes of its pages.</param>
/// <param name="IsWorthMarking">Whether marking it pays.</param>
internal sealed record VmaForecast(Vma Vma, VmaEligibility Eligibility, PageCounts Counts, bool IsWorthMarking);
