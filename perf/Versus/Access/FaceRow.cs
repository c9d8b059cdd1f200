using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Perf.Versus.Access;

/// <summary>Work through the face, against one uncontended locked operation of the same run. Unit: ns an operation.</summary>
/// <param name="id">Name of the row.</param>
/// <param name="goal">How many locked operations it may cost.</param>
/// <param name="work">What is done; see <see cref="FaceWork"/>.</param>
internal sealed class FaceRow(string id, double goal, string work) : IVersusRow
{
    private const int Repeats = 20_000;
    private const int Times = 15;
    private const int Warmups = 60;

    public string Id => id;

    public string Unit => "ns/access";

    public double Goal => goal;

    public bool IsCeiling => true;

    public VersusMeasurement Measure(int rounds)
    {
        for (int warmup = 0; warmup < Warmups; warmup++)
        {
            _ = FaceWork.Measure(work);
            _ = Locked();
        }

        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            measured[round] = VersusRound.OfQuotient(FaceWork.Measure(work), Locked());
        }

        return VersusMeasurement.Of(measured);
    }

    private static double Locked()
    {
        long least = long.MaxValue;
        for (int time = 0; time < Times; time++)
        {
            long word = 0;
            long start = Stopwatch.GetTimestamp();
            Lock(ref word);
            least = long.Min(least, Stopwatch.GetTimestamp() - start);
        }

        return Stopwatch.GetElapsedTime(0, least).TotalNanoseconds / Repeats;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Lock(ref long word)
    {
        for (int i = 0; i < Repeats; i++)
        {
            _ = Interlocked.Add(ref word, 3);
        }
    }
}
