namespace FastKsm.Cli.LiveProcesses;

/// <summary>Pages next to one another in one VMA, each seen present and anonymous.</summary>
/// <param name="Start">Address of the first page.</param>
/// <param name="PageCount">Number of pages; at least one.</param>
/// <param name="Vma">Position of the VMA among the VMAs of the evaluation.</param>
internal readonly record struct PageRun(ulong Start, int PageCount, int Vma);
