namespace FastKsm.Perf.Versus;

/// <summary>One claim: something of ours, side by side with a peer that does the same work.</summary>
/// <remarks>A new row is a file that implements this, and a line in <see cref="VersusRows"/>.</remarks>
internal interface IVersusRow
{
    /// <summary>Name in tables and filters: lower case, parts set off by dots.</summary>
    string Id { get; }

    /// <summary>What the two values are measured in, for people.</summary>
    string Unit { get; }

    /// <summary>The median ratio that is promised; above 1 means ours is better than the peer, whatever the unit.</summary>
    double Goal { get; }

    /// <summary>Whether the ratio is how many times ours is the peer, and the goal the most that it may be.</summary>
    bool IsCeiling => false;

    /// <summary>Measures both sides, interleaved, or says why that is not possible here.</summary>
    /// <param name="rounds">Rounds asked for; at least one. A row that costs much may run fewer.</param>
    VersusMeasurement Measure(int rounds);
}
