using System;

namespace FastKsm.Tests.Scripting;

/// <summary>What came of one mutated script.</summary>
/// <param name="End">How it ended: <c>unreadable</c>, <c>Held</c>, or the outcome that the runner gave.</param>
/// <param name="Operations">Operations performed, on the index on which it got less far.</param>
/// <param name="Merged">Whether the scanner of either index merged a page that stayed, or that was copied again.</param>
/// <param name="Failure">What should not have happened; null if nothing did.</param>
internal readonly record struct FuzzOutcome(string End, long Operations, bool Merged, Exception? Failure);
