using System.Collections.Generic;

namespace FastKsm.Cli.Conformance;

/// <summary>Something that the sides show differently.</summary>
/// <param name="What">A counter by the name that scripts use, a page, or an operation.</param>
/// <param name="Values">What each side shows, in the order of the sides.</param>
internal sealed record Difference(string What, IReadOnlyList<string> Values);
