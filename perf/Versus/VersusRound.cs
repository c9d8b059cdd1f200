namespace FastKsm.Perf.Versus;

/// <summary>Both sides, measured one right after the other.</summary>
/// <param name="Ours">Our value, in the row's unit.</param>
/// <param name="Peer">The peer's value, in the row's unit.</param>
/// <param name="Ratio">How many times better than the peer ours is.</param>
internal readonly record struct VersusRound(double Ours, double Peer, double Ratio)
{
    /// <summary>A round of a row where less is better: times, bytes, operations.</summary>
    internal static VersusRound OfCosts(double ours, double peer) => new(ours, peer, peer / ours);

    /// <summary>A round of a row whose ratio is what ours is of the peer; see <see cref="IVersusRow.IsCeiling"/>.</summary>
    internal static VersusRound OfQuotient(double ours, double peer) => new(ours, peer, ours / peer);

    /// <summary>A round of a row where more is better: pages per second.</summary>
    internal static VersusRound OfRates(double ours, double peer) => new(ours, peer, ours / peer);
}
