using System.Linq;
using FastKsm.AddressSpaces;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>Nodes that a walk visits, levels of the tree counted: pruned by page index, against all VMAs. Median over the ranks.</summary>
internal sealed class RmapNodesRow(string id, double goal, int vmas, int items) : IVersusRow
{
    public string Id => id;

    public string Unit => "nodes";

    public double Goal => goal;

    public VersusMeasurement Measure(int rounds)
    {
        // Counted, not timed: every round would be the same.
        using RmapLayout layout = new(vmas, items);
        FramePager pruned = layout.NewPager(Pruning.PageIndex);
        FramePager full = layout.NewPager(Pruning.FullRange);
        return VersusMeasurement.Of(
            [.. layout.Frames.Select(frame => VersusRound.OfCosts(layout.Nodes(pruned, frame), layout.Nodes(full, frame)))]);
    }
}
