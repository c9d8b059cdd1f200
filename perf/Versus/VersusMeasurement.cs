using System.Diagnostics;

namespace FastKsm.Perf.Versus;

/// <summary>What a row brought: its rounds, or the reason why there are none.</summary>
internal sealed class VersusMeasurement
{
    private VersusMeasurement(VersusRound[] rounds, string? skipReason)
    {
        Rounds = rounds;
        SkipReason = skipReason;
    }

    /// <summary>The rounds, in the order they ran; empty if and only if the row was skipped.</summary>
    internal VersusRound[] Rounds { get; }

    /// <summary>What the host lacks, and what would help; null if the row was measured.</summary>
    internal string? SkipReason { get; }

    /// <summary>A measured row; at least one round.</summary>
    internal static VersusMeasurement Of(VersusRound[] rounds)
    {
        Debug.Assert(rounds.Length != 0, "A row without rounds is a skipped one.");
        return new VersusMeasurement(rounds, skipReason: null);
    }

    /// <summary>A row that cannot be measured here.</summary>
    internal static VersusMeasurement Skipped(string reason) => new([], reason);
}
