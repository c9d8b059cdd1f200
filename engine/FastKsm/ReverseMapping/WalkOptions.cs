
namespace FastKsm.ReverseMapping;

/// <summary>How to walk.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Pruning">Which intervals to look at.</param>
/// <param name="TryOnly">Whether to give up rather than wait for the range lock.</param>
/// <param name="NodesPerHold">Nodes after which the range lock is let go for a moment; 0 for never.</param>
internal readonly record struct WalkOptions(WalkKind Kind, Pruning Pruning, bool TryOnly = false, int NodesPerHold = 0);
