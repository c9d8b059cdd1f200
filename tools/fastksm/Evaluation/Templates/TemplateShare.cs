namespace FastKsm.Cli.Evaluation.Templates;

/// <summary>What one process has of a snapshot, in blocks of one size; counted in pages.</summary>
/// <param name="Unit">Pages of a block.</param>
/// <param name="Same">Pages of blocks that are the snapshot's, at the same place.</param>
/// <param name="Elsewhere">Pages of blocks that the snapshot has at another place.</param>
/// <param name="Private">All others.</param>
internal readonly record struct TemplateShare(int Unit, long Same, long Elsewhere, long Private);
