using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>Keeps two users of the host's KSM apart: a lock on a file that all of them know.</summary>
/// <remarks>
/// Programs that are started meanwhile inherit the lock and hold it until they end too. Where this process has itself
/// inherited it (under <c>flock(1)</c>), that one is used.
/// </remarks>
internal sealed class HostLock : IDisposable
{
    private const string Default = "/tmp/fastksm-ksm.lock";
    private const int LockAlone = 2;
    private const int DoNotWait = 4;
    private const int OpenReadWriteCreate = 2 | 0x40;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(15);

    private readonly int _descriptor;
    private readonly bool _isInherited;

    private HostLock(int descriptor, bool isInherited)
    {
        _descriptor = descriptor;
        _isInherited = isInherited;
    }

    /// <summary>The file.</summary>
    private static string Path => Environment.GetEnvironmentVariable("FASTKSM_KSM_LOCK") is { Length: > 0 } path ? path : Default;

    /// <summary>Takes it; waits for others, and says so once.</summary>
    /// <param name="user">Who asks, for the messages.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="say">Takes the sentence that says so; null for stderr.</param>
    /// <exception cref="ToolException">The file cannot be opened, or another program does not give the lock back.</exception>
    internal static HostLock Take(string user, CancellationToken cancellation, Action<string>? say = null)
    {
        int inherited = FindInherited();
        int descriptor = inherited >= 0 ? inherited : LinuxNative.open(Path, OpenReadWriteCreate, 0x1B6);
        if (descriptor < 0)
        {
            throw new ToolException(
                ExitCode.NotPermitted,
                $"{user}: cannot open the lock file {Path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        }

        HostLock taken = new(descriptor, inherited >= 0);
        long start = Stopwatch.GetTimestamp();
        for (bool said = false; LinuxNative.flock(descriptor, LockAlone | DoNotWait) != 0;)
        {
            if (!said)
            {
                said = true;
                (say ?? Console.Error.WriteLine)($"fastksm: {user}: waiting for another program that uses the host's KSM ({Path})");
            }

            if (Stopwatch.GetElapsedTime(start) > s_patience || cancellation.WaitHandle.WaitOne(100))
            {
                taken.Dispose();
                cancellation.ThrowIfCancellationRequested();
                throw new ToolException(
                    ExitCode.NotPermitted, $"{user}: another program has held {Path} for {s_patience.TotalMinutes:0} minutes.");
            }
        }

        return taken;
    }

    /// <summary>Gives it back, unless it was inherited or a program that was started meanwhile still holds it.</summary>
    public void Dispose()
    {
        if (!_isInherited)
        {
            _ = LinuxNative.close(_descriptor);
        }
    }

    private static int FindInherited()
    {
        string path = System.IO.Path.GetFullPath(Path);
        foreach (string link in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (string.Equals(new FileInfo(link).LinkTarget, path, StringComparison.Ordinal)
                && int.TryParse(System.IO.Path.GetFileName(link), CultureInfo.InvariantCulture, out int descriptor))
            {
                return descriptor;
            }
        }

        return -1;
    }
}
