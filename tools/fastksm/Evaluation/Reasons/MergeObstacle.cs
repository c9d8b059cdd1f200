namespace FastKsm.Cli.Evaluation.Reasons;

/// <summary>Memory that does not merge, and why.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Bytes">How much.</param>
internal readonly record struct MergeObstacle(MergeObstacleKind Kind, long Bytes);
