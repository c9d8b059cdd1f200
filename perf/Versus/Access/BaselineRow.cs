using System;

namespace FastKsm.Perf.Versus.Access;

/// <summary>Work through the face, against another build of the engine, interleaved. Unit: ns an operation.</summary>
/// <param name="id">Name of the row.</param>
/// <param name="goal">What part of the baseline's time it may take.</param>
/// <param name="work">What is done; see <see cref="FaceWork"/>.</param>
internal sealed class BaselineRow(string id, double goal, string work) : IVersusRow
{
    private const int Warmups = 40;

    public string Id => id;

    public string Unit => "ns/op";

    public double Goal => goal;

    public bool IsCeiling => true;

    public VersusMeasurement Measure(int rounds)
    {
        Func<string, double>? baseline = EngineBuild.TryLoad(out string reason);
        if (baseline is null)
        {
            return VersusMeasurement.Skipped(reason);
        }

        for (int warmup = 0; warmup < Warmups; warmup++)
        {
            _ = FaceWork.Measure(work);
            _ = baseline(work);
        }

        VersusRound[] measured = new VersusRound[rounds];
        for (int round = 0; round < rounds; round++)
        {
            measured[round] = VersusRound.OfQuotient(FaceWork.Measure(work), baseline(work));
        }

        return VersusMeasurement.Of(measured);
    }
}
