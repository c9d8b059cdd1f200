namespace FastKsm.Cli.LiveProcesses;

/// <summary>What a probe of the KSM bit can find.</summary>
internal enum KsmBitState
{
    /// <summary>The file or the frame numbers are not to be had.</summary>
    Unreadable,

    /// <summary>A page that no one merged does not show it.</summary>
    Right,

    /// <summary>A page that no one merged shows it (Linux 6.9 to 6.12 among others).</summary>
    ShownByAll,
}
