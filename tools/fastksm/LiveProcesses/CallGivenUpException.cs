using System;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Ends a thread that was given up while it waited for the kernel (<see cref="CallWatch"/>).</summary>
#pragma warning disable CA1032 // It is thrown in one place and caught in one place.
internal sealed class CallGivenUpException : Exception
#pragma warning restore CA1032
{
    internal CallGivenUpException()
        : base("This thread waited for the kernel for too long and has been replaced.")
    {
    }
}
