using System;

namespace FastKsm.Perf.Versus.Swap;

/// <summary>How many slots a second some work gets through, against a promised rate or against another
/// layout.</summary>
/// <param name="id">Name of the row.</param>
/// <param name="ours">Makes our side.</param>
/// <param name="peer">Makes the peer; null for a promised rate.</param>
/// <param name="promised">The promised rate in millions a second.</param>
/// <param name="work">The work: ns a slot.</param>
internal sealed class SwapRateRow(
    string id, Func<int, ISwapWork> ours, Func<int, ISwapWork>? peer, double promised, Func<ISwapWork, double> work) : IVersusRow
{
    private const int Slots = 1 << 20;
    private const int SmallSlots = 1 << 14;

    public string Id => id;

    public string Unit => "M slots/s";

    public double Goal => 1;

    public VersusMeasurement Measure(int rounds)
    {
        using ISwapWork small = ours(SmallSlots);
        using ISwapWork? smallPeer = peer?.Invoke(SmallSlots);

        // All that a slot's life has, whatever the row times: the runtime goes by what it has seen when it compiles for good.
        Interleaved.WarmUp(() => _ = small.Live(1) + small.Allocate());
        Interleaved.WarmUp(() => _ = smallPeer is null ? 0 : smallPeer.Live(1) + smallPeer.Allocate());
        using ISwapWork side = ours(Slots);
        using ISwapWork? other = peer?.Invoke(Slots);
        _ = work(side);
        _ = other is null ? 0 : work(other);
        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            double before = work(side);
            double theirs = other is null ? 0 : work(other);
            double after = work(side);
            measured[round] = VersusRound.OfRates(2000 / (before + after), other is null ? promised : 1000 / theirs);
        }

        return VersusMeasurement.Of(measured);
    }
}
