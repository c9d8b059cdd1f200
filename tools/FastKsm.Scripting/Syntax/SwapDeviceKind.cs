namespace FastKsm.Scripting.Syntax;

/// <summary>What stands behind a swap device.</summary>
public enum SwapDeviceKind
{
    /// <summary>A solid-state disk: clusters by CPU, asynchronous.</summary>
    SolidState,

    /// <summary>A rotational disk: one cursor, asynchronous.</summary>
    Rotational,

    /// <summary>Compressed memory: synchronous.</summary>
    Zram,

    /// <summary>A plain file.</summary>
    File,

    /// <summary>A file with holes, which Linux refuses.</summary>
    Holes,
}
