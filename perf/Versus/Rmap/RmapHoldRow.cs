using FastKsm.AddressSpaces;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>How long one hold of the anon_vma's lock lasts in a walk, pruned, against a walk over all VMAs. Mean over the ranks.</summary>
internal sealed class RmapHoldRow(string id, double goal, int vmas, int items, RmapPeer peer) : IVersusRow
{
    // Holds that a timing of our side takes together.
    private const int Holds = 4096;
    private const int SmallVmas = 600;

    public string Id => id;

    public string Unit => "ns/hold";

    public double Goal => goal;

    public VersusMeasurement Measure(int rounds)
    {
        // Small and soon done; afterwards the runtime has compiled both sides fully.
        using (RmapLayout small = new(int.Min(vmas, SmallVmas), items))
        {
            FramePager anyPager = small.NewPager(Pruning.FullRange);
            LinuxTreeWalk? anyWalk = peer == RmapPeer.LinuxTree ? new LinuxTreeWalk(small, int.Min(vmas, SmallVmas)) : null;
            Interleaved.WarmUp(() => _ = small.Hold(small.NewPager(Pruning.PageIndex), 1));
            Interleaved.WarmUp(() => _ = anyWalk?.Hold() ?? small.Hold(anyPager, 1));
        }

        using RmapLayout layout = new(vmas, items);
        FramePager pruned = layout.NewPager(Pruning.PageIndex);
        FramePager full = layout.NewPager(Pruning.FullRange);
        LinuxTreeWalk? linux = peer == RmapPeer.LinuxTree ? new LinuxTreeWalk(layout, vmas) : null;
        int times = int.Max(1, Holds / (layout.Frames.Length * items));
        int peerTimes = vmas == 1 ? 2 * times : 1;
        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            double before = layout.Hold(pruned, times);
            double peers = linux?.Hold() ?? layout.Hold(full, peerTimes);
            double after = layout.Hold(pruned, times);
            measured[round] = VersusRound.OfCosts((before + after) / 2, peers);
        }

        return VersusMeasurement.Of(measured);
    }
}
