namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>One reason why pages differ.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Bytes">How much memory it keeps from merging, or is of that kind; 0 where that can't be told.</param>
/// <param name="Processes">Processes in which it shows.</param>
internal readonly record struct NearlyCause(NearlyCauseKind Kind, long Bytes, int Processes);
