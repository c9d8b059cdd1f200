namespace FastKsm.Perf.Versus.Rows;

/// <summary>What a scan that is measured finds.</summary>
internal enum ScanKind
{
    /// <summary>Everything as the scan before left it.</summary>
    Steady,

    /// <summary>Contents whose checksums are known, and none merged yet.</summary>
    Merging,
}
