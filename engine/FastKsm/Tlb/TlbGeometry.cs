namespace FastKsm.Tlb;

/// <summary>How many translations a CPU holds, and where each can lie.</summary>
/// <param name="L1Sets">Sets of the first level, a power of two.</param>
/// <param name="L1Ways">Ways of each.</param>
/// <param name="HugeSets">Sets of the first level for huge mappings; 0 where these share the other array.</param>
/// <param name="HugeWays">Ways of each.</param>
/// <param name="L2Sets">Sets of the second level, a power of two.</param>
/// <param name="L2Ways">Ways of each.</param>
/// <param name="L2TakesHuge">Whether the second level holds huge mappings.</param>
/// <param name="L2IsInclusive">Whether what leaves the second level leaves the first, too.</param>
internal readonly record struct TlbGeometry(
    int L1Sets,
    int L1Ways,
    int HugeSets,
    int HugeWays,
    int L2Sets,
    int L2Ways,
    bool L2TakesHuge,
    bool L2IsInclusive = false)
{
    /// <summary>Most ways of a set.</summary>
    internal const int MostWays = 128;

    /// <summary>The geometry of a CPU that was built.</summary>
    internal static TlbGeometry Of(TlbPreset preset) => preset switch
    {
        TlbPreset.Nehalem => new TlbGeometry(16, 4, 8, 4, 128, 4, L2TakesHuge: false),
        TlbPreset.IceLakeServer => new TlbGeometry(16, 4, 8, 4, 128, 16, L2TakesHuge: true),
        TlbPreset.GoldenCove => new TlbGeometry(16, 6, 8, 4, 128, 16, L2TakesHuge: true),
        TlbPreset.Zen3 => new TlbGeometry(1, 64, 0, 0, 128, 16, L2TakesHuge: true),
        TlbPreset.Zen4 => new TlbGeometry(1, 72, 0, 0, 128, 24, L2TakesHuge: true),
        _ => new TlbGeometry(16, 4, 8, 4, 128, 12, L2TakesHuge: true),
    };
}
