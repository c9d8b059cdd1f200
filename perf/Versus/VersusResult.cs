using System;
using System.Linq;
using System.Text.Json.Serialization;

namespace FastKsm.Perf.Versus;

/// <summary>One row of the report: medians over the rounds, and the quartiles of the ratio as its spread.</summary>
internal sealed class VersusResult
{
    internal VersusResult(IVersusRow row, VersusMeasurement measurement)
    {
        Id = row.Id;
        Unit = row.Unit;
        Goal = row.Goal;
        IsCeiling = row.IsCeiling;
        Reason = measurement.SkipReason;
        if (!Skipped)
        {
            Ours = Quantile(measurement.Rounds, round => round.Ours, 0.5);
            Peer = Quantile(measurement.Rounds, round => round.Peer, 0.5);
            Ratio = Quantile(measurement.Rounds, round => round.Ratio, 0.5);
            RatioLow = Quantile(measurement.Rounds, round => round.Ratio, 0.25);
            RatioHigh = Quantile(measurement.Rounds, round => round.Ratio, 0.75);
            Rounds = measurement.Rounds.Length;
        }
    }

    [JsonPropertyName("id")]
    public string Id { get; }

    [JsonPropertyName("ours")]
    public double? Ours { get; }

    [JsonPropertyName("peer")]
    public double? Peer { get; }

    [JsonPropertyName("unit")]
    public string Unit { get; }

    [JsonPropertyName("ratio")]
    public double? Ratio { get; }

    [JsonPropertyName("goal")]
    public double Goal { get; }

    [JsonPropertyName("goal_is_ceiling")]
    public bool IsCeiling { get; }

    [JsonPropertyName("met")]
    public bool Met => IsCeiling ? Ratio <= Goal : Ratio >= Goal;

    [JsonPropertyName("skipped")]
    public bool Skipped => Reason is not null;

    [JsonPropertyName("reason")]
    public string? Reason { get; }

    [JsonPropertyName("ratio_q1")]
    public double? RatioLow { get; }

    [JsonPropertyName("ratio_q3")]
    public double? RatioHigh { get; }

    [JsonPropertyName("rounds")]
    public int Rounds { get; }

    // Linear between the two nearest ranks.
    private static double Quantile(VersusRound[] rounds, Func<VersusRound, double> of, double share)
    {
        double[] sorted = [.. rounds.Select(of).Order()];
        double rank = share * (sorted.Length - 1);
        int below = (int)rank;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((rank - below) * (sorted[above] - sorted[below]));
    }
}
