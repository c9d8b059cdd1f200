using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>ksmd, woken for one batch at a time.</summary>
/// <remarks>
/// Between two batches <c>run</c> is 0, so that a process that registers does not wake it. It sleeps in one of two places:
/// after a batch for <c>sleep_millisecs</c>, which ends early when that value changes, and otherwise until <c>run</c> is 1 and
/// a process is registered. A change of the value moves it from the first place to the second, where 1 in <c>run</c> wakes it
/// for exactly one batch. That it has arrived is seen in its state: it sleeps interruptibly nowhere else.
/// The state alone is not enough: a thread that has just been woken sets it to "sleeping" once more before it looks at
/// what it waits for, and a virtual CPU that is taken away at that point keeps it there for milliseconds. So it must also be
/// off its run queue (<c>wchan</c> is told only then), and must not have gone to sleep anew between the looks.
/// Thread safety: one thread at a time.
/// </remarks>
internal sealed unsafe class KsmDaemon : IDisposable
{
    // Long enough never to elapse; the two take turns.
    private const uint Pause = 1_000_000_000;

    private const int LongestStat = 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan s_lastingSleep = TimeSpan.FromMilliseconds(20);

    private readonly string _directory;
    private long _sleep = -1;
    private long _sleepSeen;
    private readonly SafeFileHandle _stat;
    private readonly CancellationToken _cancellation;
    private bool _isOddPause;

    /// <param name="cancellation">Ends every wait.</param>
    /// <exception cref="ToolException">The thread is not to be seen.</exception>
    internal KsmDaemon(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _directory = Find() ?? throw Invisible();
        _stat = ProcFile.TryOpen(_directory + "/stat", LinuxNative.OpenReadOnly, out _) ?? throw Invisible();
    }

    /// <summary>Its process id.</summary>
    internal int Id => int.Parse(_directory.AsSpan("/proc/".Length), CultureInfo.InvariantCulture);

    /// <summary>How often it had to leave its CPU since the host booted.</summary>
    internal long LostTurns =>
        ProcFile.TryReadText(_directory + "/status") is { } status
            ? StatusFields.Number(status, "nonvoluntary_ctxt_switches")
            : 0;

    /// <summary>CPU time that it has used since the host booted, as the scheduler reckons it, in ns; null where that is not to be seen.</summary>
    internal long? CpuNanoseconds =>
        ProcFile.TryReadText(_directory + "/schedstat") is { } times
        && long.TryParse(times.AsSpan(0, int.Max(0, times.IndexOf(' ', StringComparison.Ordinal))), CultureInfo.InvariantCulture, out long time)
            ? time
            : null;

    /// <summary>Wakes it for one batch and waits until it sleeps again.</summary>
    /// <exception cref="ToolException">It does not come to rest.</exception>
    internal void Batch()
    {
        Rest();
        Write("run", "1");
        WaitUntilAsleep();
        Write("run", "0");
    }

    /// <summary>Brings it to the place where only <c>run</c> wakes it. <c>run</c> must not be 1.</summary>
    internal void Rest()
    {
        _isOddPause = !_isOddPause;
        Write("sleep_millisecs", (_isOddPause ? Pause + 1 : Pause).ToString(CultureInfo.InvariantCulture));
        WaitUntilAsleep();
    }

    /// <inheritdoc/>
    public void Dispose() => _stat.Dispose();

    private static void Write(string file, string value)
    {
        int error = KsmFile.Write(file, value);
        if (error != 0)
        {
            throw new ToolException(
                ExitCode.NotPermitted,
                $"conform: cannot write {KsmFile.Directory}{file}: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }

    private static ToolException Invisible() => new(
        ExitCode.NotPermitted,
        "conform: ksmd is not to be seen in /proc: run it outside of a container (no pid namespace of its own).");

    private static string? Find()
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            // A kernel thread has no command line, which nobody can imitate who has not made himself one.
            if (char.IsAsciiDigit(directory["/proc/".Length])
                && string.Equals(ProcFile.TryReadText(directory + "/comm"), "ksmd\n", StringComparison.Ordinal)
                && ProcFile.TryReadText(directory + "/cmdline") is { Length: 0 })
            {
                return directory;
            }
        }

        return null;
    }

    private void WaitUntilAsleep()
    {
        long start = Stopwatch.GetTimestamp();
        for (int polls = 0; !IsAsleep(); polls++)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new ToolException(
                    ExitCode.NotPermitted, $"conform: ksmd has not come to rest within {s_patience.TotalSeconds:0} s.");
            }

            // A batch takes some tens of microseconds; only long ones are worth giving the processor away for.
            if (polls > 200)
            {
                Thread.Sleep(1);
            }
            else
            {
                _ = Thread.Yield();
            }
        }
    }

    private bool IsAsleep()
    {
        byte* buffer = stackalloc byte[LongestStat];
        long length = ProcFile.ReadAt(_stat, buffer, LongestStat, 0);
        string text = length <= 0 ? string.Empty : Encoding.ASCII.GetString(buffer, (int)length);
        int state = text.IndexOf(") ", StringComparison.Ordinal) + 2;
        return state >= 2 && state < text.Length && text[state] == 'S' && IsOffItsRunQueue();
    }

    // The same sleep before and after a look at where it waits: it has not been awake meanwhile.
    private bool IsOffItsRunQueue()
    {
        if (Sleeps() is not { } sleep)
        {
            return false;
        }

        if (ProcFile.TryReadText(_directory + "/wchan") is not (null or "" or "0" or "0\n"))
        {
            return Sleeps() == sleep;
        }

        // Kernels without symbols never tell where a thread waits; there a sleep that has lasted serves.
        if (sleep != _sleep)
        {
            (_sleep, _sleepSeen) = (sleep, Stopwatch.GetTimestamp());
        }

        return Stopwatch.GetElapsedTime(_sleepSeen) > s_lastingSleep;
    }

    // How often it has gone to sleep, if it sleeps interruptibly; null if it does not.
    private long? Sleeps() =>
        ProcFile.TryReadText(_directory + "/status") is { } status && status.Contains("State:\tS", StringComparison.Ordinal)
            ? StatusFields.Number(status, "voluntary_ctxt_switches")
            : null;
}
