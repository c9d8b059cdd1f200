namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>
/// One event <c>tlb:tlb_flush</c> of whoever is traced, of those kinds that are a part of a flush operation.
/// </summary>
/// <param name="Part">Which part.</param>
/// <param name="Pages">What it shows as its pages; -1 for a full flush.</param>
internal readonly record struct FlushEvent(FlushPart Part, long Pages);
