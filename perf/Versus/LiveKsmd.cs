using System;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli;
using FastKsm.Cli.Conformance.Kernel;

namespace FastKsm.Perf.Versus;

/// <summary>The ksmd of this host, taken over for a row: stepped by whole scans, its CPU time read, every knob put back.</summary>
/// <remarks>
/// A batch ends with its scan; so with more pages to scan than there are, each batch is one full scan.
/// Thread safety: used by one thread; a signal puts the knobs back as well, and after a kill the guard does.
/// </remarks>
internal sealed class LiveKsmd : IDisposable
{
    private readonly HostLock _lock;
    private readonly KsmSettings _before;
    private readonly KsmDaemon _daemon;
    private readonly KsmGuard _guard;
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _termination;

    private LiveKsmd(HostLock hostLock, KsmDaemon daemon)
    {
        (_lock, _daemon) = (hostLock, daemon);
        _before = KsmSettings.Save();
        _guard = new KsmGuard(_before);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => _before.Restore());
        _termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => _before.Restore());
    }

    /// <summary>Takes ksmd over, stopped and with nothing merged, or says why not. Waits for others who use it.</summary>
    /// <param name="reason">What the host lacks.</param>
    internal static LiveKsmd? TryTake(out string reason)
    {
        if (KernelSession.Obstacle() is { } obstacle)
        {
            reason = obstacle;
            return null;
        }

        HostLock? hostLock = null;
        KsmDaemon? daemon = null;
        try
        {
            hostLock = HostLock.Take("versus", CancellationToken.None);
            daemon = new KsmDaemon(CancellationToken.None);
            reason = KernelSession.OtherMergeable().Count > 0 || Count("run") != 0 ? "KSM is in use on this host"
                : daemon.CpuNanoseconds is null ? "ksmd's CPU time is not to be seen: there is no /proc/PID/schedstat of it"
                : string.Empty;
            if (reason.Length == 0)
            {
                LiveKsmd taken = new(hostLock, daemon);
                (hostLock, daemon) = (null, null);
                return taken;
            }
        }
        catch (ToolException exception)
        {
            reason = exception.Message;
        }
        finally
        {
            daemon?.Dispose();
            hostLock?.Dispose();
        }

        return null;
    }

    /// <summary>A counter.</summary>
    internal static long Count(string file)
    {
        using KsmFile now = new(file);
        return now.Number;
    }

    /// <summary>Sets what the engine's side has: no smart scan, a batch that is a full scan. Performs the first one.</summary>
    internal void Start()
    {
        KernelSession.Write("advisor_mode", "none");
        KernelSession.Write("smart_scan", "0");
        KernelSession.Write("use_zero_pages", "0");
        KernelSession.Write("pages_to_scan", "1000000000");
        _daemon.Batch();
    }

    /// <summary>Performs one full scan.</summary>
    /// <returns>ksmd's CPU time for each page that it scanned, in ns.</returns>
    internal double Scan()
    {
        long pages = Count("pages_scanned");
        long time = _daemon.CpuNanoseconds!.Value;
        _daemon.Batch();
        return (_daemon.CpuNanoseconds!.Value - time) / (double)(Count("pages_scanned") - pages);
    }

    /// <summary>Undoes all merging, and stops.</summary>
    internal static void Unmerge()
    {
        KernelSession.Write("run", "2");
        KernelSession.Write("run", "0");
    }

    public void Dispose()
    {
        _before.Restore();
        _guard.Dispose();
        _interrupt.Dispose();
        _termination.Dispose();
        _daemon.Dispose();
        _lock.Dispose();
    }
}
