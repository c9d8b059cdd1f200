using System;

namespace FastKsm.Cli;

/// <summary>An outcome that ends a command: one line for stderr and the exit code that goes with it.</summary>
#pragma warning disable CA1032 // Without an exit code it would be of no use to the command line.
internal sealed class ToolException : Exception
#pragma warning restore CA1032
{
    /// <param name="exitCode">One of <see cref="Cli.ExitCode"/>.</param>
    /// <param name="message">One line: what, where, and what would be accepted.</param>
    internal ToolException(int exitCode, string message)
        : base(message) => ExitCode = exitCode;

    /// <summary>One of <see cref="Cli.ExitCode"/>.</summary>
    internal int ExitCode { get; }
}
