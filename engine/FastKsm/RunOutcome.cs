namespace FastKsm;

/// <summary>Whether a CPU may run a process.</summary>
internal enum RunOutcome
{
    /// <summary>It runs it now.</summary>
    Runs,

    /// <summary>The process has exited.</summary>
    HasExited,

    /// <summary>Another CPU replaces its program at this moment.</summary>
    ReplacesProgram,
}
