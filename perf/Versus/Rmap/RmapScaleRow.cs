using FastKsm.AddressSpaces;

namespace FastKsm.Perf.Versus.Rmap;

/// <summary>How much longer a pruned hold lasts among many VMAs than among few. The ratio is that quotient.</summary>
internal sealed class RmapScaleRow(string id, double goal, int many, int few) : IVersusRow
{
    private const int Times = 64;

    public string Id => id;

    public string Unit => "ns/hold";

    public double Goal => goal;

    public bool IsCeiling => true;

    public VersusMeasurement Measure(int rounds)
    {
        using RmapLayout large = new(many, items: 1);
        using RmapLayout small = new(few, items: 1);
        FramePager inLarge = large.NewPager(Pruning.PageIndex);
        FramePager inSmall = small.NewPager(Pruning.PageIndex);
        Interleaved.WarmUp(() => _ = small.Hold(inSmall, 1));
        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            double before = large.Hold(inLarge, Times);
            double peer = small.Hold(inSmall, 2 * Times);
            double after = large.Hold(inLarge, Times);
            measured[round] = VersusRound.OfQuotient((before + after) / 2, peer);
        }

        return VersusMeasurement.Of(measured);
    }
}
