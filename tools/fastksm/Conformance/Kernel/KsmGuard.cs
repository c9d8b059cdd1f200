using System;
using System.Diagnostics;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>Puts the host's settings of KSM back when this process is killed; a process of its own that waits for that.</summary>
/// <remarks>
/// It reads from a pipe whose other end only this process has, so the pipe ends with this process, whatever ended it. It inherits the
/// host lock, and so keeps other users away until the settings are back. Thread safety: none.
/// </remarks>
internal sealed class KsmGuard : IDisposable
{
    private readonly HostProcess _process;

    /// <param name="before">The settings.</param>
    internal KsmGuard(KsmSettings before)
    {
        _process = HostProcess.Start(new ProcessStartInfo(
            "/bin/sh", ["-c", "trap '' INT TERM HUP\nread -r word && exit\n" + before.RestoringCommands])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
    }

    /// <summary>This process has put them back itself.</summary>
    public void Dispose()
    {
        _process.StandardInput.WriteLine("done");
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
