namespace FastKsm.Tests.Cli.Conformance;

/// <summary>What a swap area that the kernel agent makes is on: <c>protocol.h</c>.</summary>
internal enum SwapAreaKind
{
    /// <summary>A zram disk: does not turn, done at once.</summary>
    Disk = 0,

    /// <summary>A plain file.</summary>
    File = 1,

    /// <summary>A plain file with holes, which no kernel takes.</summary>
    FileWithHoles = 2,
}
