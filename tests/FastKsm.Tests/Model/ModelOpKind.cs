namespace FastKsm.Tests.Model;

/// <summary>What a random script can do.</summary>
internal enum ModelOpKind
{
    Write,
    Read,
    WriteAcross,
    ForceWrite,
    Map,
    MapAnywhere,
    Unmap,
    Protect,
    Advise,
    DontNeed,
    Lock,
    Unlock,
    RemapInPlace,
    RemapFixed,
    Fork,
    Exit,
    Exec,
    Pin,
    Unpin,
    MergeAny,
    SwitchCpu,
}
