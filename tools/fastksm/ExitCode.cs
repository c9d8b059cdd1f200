namespace FastKsm.Cli;

/// <summary>Exit codes of the command line; the same for every command.</summary>
internal static class ExitCode
{
    /// <summary>All went as asked.</summary>
    internal const int Success = 0;

    /// <summary>An expectation failed: the answer is there, and it is "no".</summary>
    internal const int Failed = 1;

    /// <summary>Bad usage or bad input; the caller can mend it.</summary>
    internal const int BadInput = 2;

    /// <summary>The host does not permit or does not have what is needed.</summary>
    internal const int NotPermitted = 3;

    /// <summary>Something ran out: memory, frames, swap.</summary>
    internal const int Exhausted = 4;

    /// <summary>Plus the number of the signal that ended it, as shells count.</summary>
    internal const int Signalled = 128;
}
