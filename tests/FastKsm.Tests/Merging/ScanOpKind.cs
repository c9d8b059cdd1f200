namespace FastKsm.Tests.Merging;

/// <summary>What a random script about merging does between scans.</summary>
internal enum ScanOpKind
{
    Write,
    Fill,
    FillUnique,
    Read,
    Spawn,
    Fork,
    Exit,
    Unmap,
    Map,
    Mergeable,
    Unmergeable,
    DontNeed,
    Protect,
    Lock,
    Remap,
    ZeroPages,
    SmartScan,
    PruneInterval,
    UnmergeAll,
    Pin,
    Unpin,
    MergeAny,
    Exec,
    Advance,
    Scan,
    ScanOften,
    ScanInBatches,
}
