namespace FastKsm.Cli.Evaluation;

/// <summary>What processes that go on working may come to: between what surely merges and what merges when all stand still.</summary>
/// <remarks>
/// A page can be written with the bytes it had: that ends its merge and shows in no checksum. So the least is what merges if
/// each page that a process which ran while it was watched has for itself, and may write, is being written; what fork still
/// shares has not been written.
/// </remarks>
/// <param name="Least">Without pages that may be written.</param>
/// <param name="Most">With all pages as they were last read.</param>
internal sealed record ForecastRange(MergeForecast Least, MergeForecast Most);
