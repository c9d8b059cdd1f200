namespace FastKsm.Cli.Evaluation;

/// <summary>What of the memory in files was not counted.</summary>
/// <param name="Count">Number of images.</param>
/// <param name="ZeroesLeftOut">Pages of zeroes of cores, which may never have been there.</param>
/// <param name="PagesOfAbsentFiles">Pages of cores in mappings of files that are not at hand.</param>
/// <param name="PagesElsewhere">Pages that are in another dump.</param>
internal sealed record ImageFacts(int Count, long ZeroesLeftOut, long PagesOfAbsentFiles, long PagesElsewhere);
