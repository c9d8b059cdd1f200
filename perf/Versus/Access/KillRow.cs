using System.Threading;

namespace FastKsm.Perf.Versus.Access;

/// <summary>
/// A page is killed that no other thread uses, of an address space that eight threads read meanwhile: the time within
/// which nine kills of ten are over. The peer is the same with one such thread. Unit: us a kill.
/// </summary>
/// <remarks>The promise is a time, so the ratio is ours, in microseconds, and not what it is of the peer.</remarks>
/// <param name="id">Name of the row.</param>
/// <param name="goal">Microseconds that it may take.</param>
/// <param name="fence">Who pays for the order between accesses and flushes.</param>
internal sealed class KillRow(string id, double goal, AccessFence fence) : IVersusRow
{
    private const int Drivers = 8;
    private const int Warmups = 4;
    private const int WarmupPause = 150;

    public string Id => id;

    public string Unit => "us/kill";

    public double Goal => goal;

    public bool IsCeiling => true;

    public VersusMeasurement Measure(int rounds)
    {
        for (int warmup = 0; warmup < Warmups; warmup++)
        {
            _ = KillWork.Measure(fence, Drivers);
            _ = KillWork.Measure(fence, drivers: 1);

            // The runtime compiles fully while nothing new comes.
            Thread.Sleep(WarmupPause);
        }

        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            double ours = KillWork.Measure(fence, Drivers);
            measured[round] = new VersusRound(ours, KillWork.Measure(fence, drivers: 1), ours);
        }

        return VersusMeasurement.Of(measured);
    }
}
