namespace FastKsm.Cli.LiveProcesses;

/// <summary>What became of reading one process.</summary>
internal enum ReadStatus
{
    /// <summary>Read to the end.</summary>
    Read,

    /// <summary>Gone, or replaced by exec, before it was read to the end; nothing of it is counted.</summary>
    Exited,

    /// <summary>The kernel refused: another user's process, or a restriction on tracing.</summary>
    NotPermitted,

    /// <summary>A kernel thread: no memory of its own.</summary>
    KernelThread,

    /// <summary>Exited already and not yet waited for.</summary>
    Zombie,

    /// <summary>The kernel, or the sandbox, lacks a file that reading takes.</summary>
    Unsupported,

    /// <summary>A call of the kernel about it did not return in time; nothing of it is counted.</summary>
    Blocked,

    /// <summary>It uses the address space of another process that is read already.</summary>
    SameAddressSpace,
}
