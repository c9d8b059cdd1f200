namespace FastKsm.Cli.Evaluation.Owners;

/// <summary>What merging saves of one owner's pages, what is already merged included.</summary>
/// <param name="WithinPages">Frames that its own copies save.</param>
/// <param name="AcrossPages">Frames that are saved because an owner visited before has the page too.</param>
/// <param name="SharedPages">Its pages that would share a frame with a page of another owner.</param>
/// <param name="Instance">What one more process of it would save and cost.</param>
internal sealed record OwnerSaving(long WithinPages, long AcrossPages, long SharedPages, InstanceEstimate Instance);
