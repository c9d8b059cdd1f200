using FastKsm.Cli.Host;

namespace FastKsm.Cli.Evaluation;

/// <summary>Whether an evaluation kept NUMA nodes apart.</summary>
/// <param name="Host">The nodes; null where equal pages merge across nodes.</param>
/// <param name="UnknownPages">Pages whose node the host did not tell; they count as of the first node.</param>
internal readonly record struct NodesSummary(MemoryNodes? Host, long UnknownPages);
