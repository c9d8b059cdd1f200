
namespace FastKsm.Merging;

/// <summary>What a search of the unstable index found.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Item">Item of equal content; 0 unless found.</param>
/// <param name="Frame">Its frame, borrowed; none unless found.</param>
internal readonly record struct UnstableMatch(UnstableOutcome Outcome, uint Item = 0, Pfn Frame = default);
