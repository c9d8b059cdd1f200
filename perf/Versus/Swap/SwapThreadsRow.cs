using System;

namespace FastKsm.Perf.Versus.Swap;

/// <summary>Two threads on two CPUs against one.</summary>
internal sealed class SwapThreadsRow(string id, double goal, Func<int, ISwapWork> make) : IVersusRow
{
    private const int Slots = 1 << 20;
    private const int SmallSlots = 1 << 14;

    public string Id => id;

    public string Unit => "M slots/s";

    public double Goal => goal;

    public VersusMeasurement Measure(int rounds)
    {
        if (Environment.ProcessorCount < 2)
        {
            return VersusMeasurement.Skipped("two CPUs are needed");
        }

        using ISwapWork small = make(SmallSlots);
        Interleaved.WarmUp(() => _ = small.Live(2) + small.Live(1));
        using ISwapWork work = make(Slots);
        _ = work.Live(2);
        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            double before = work.Live(1);
            double two = work.Live(2);
            double after = work.Live(1);
            measured[round] = VersusRound.OfRates(1000 / two, 2000 / (before + after));
        }

        return VersusMeasurement.Of(measured);
    }
}
