using System;
using System.Diagnostics;
using System.Threading;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Watches the calls of one thread that ask the kernel about another process, so that the thread can be given up.</summary>
/// <remarks>
/// <para>
/// Such a call can wait for the other process: for its mmap lock, for the handler of a page fault (userfaultfd), for a
/// file system that is a process itself (FUSE). No call of Linux reads memory and promises to come back, so a supervising
/// thread looks at the clock. A thread whose call takes too long is left behind: it ends with this process at the latest.
/// </para>
/// <para>
/// The state decides who goes on. The thread enters before a call and leaves behind it; the supervisor gives up a thread
/// that is inside. Both use one compare-and-swap, so either the thread leaves, or it is given up and then touches nothing
/// that others use: <see cref="End"/> throws, and the thread unwinds over what it alone owns.
/// </para>
/// <para>Thread safety: <see cref="TryGiveUp"/> by the supervisor, all else by the watched thread.</para>
/// </remarks>
internal sealed class CallWatch
{
    private const int Outside = 0;
    private const int Inside = 1;
    private const int GivenUp = 2;

    [ThreadStatic]
    private static CallWatch? s_current;

    private int _state;
    private long _since;

    /// <summary>Id of the process that the thread is at; 0 for none.</summary>
    internal int Pid { get; set; }

    /// <summary>The process that the thread is at, once it is open.</summary>
    internal LiveProcess? Process { get; set; }

    /// <summary>Watches the calls of the calling thread from now on; null ends it.</summary>
    internal static void Attach(CallWatch? watch) => s_current = watch;

    /// <summary>Announces a call that may wait. Does nothing on a thread that is not watched.</summary>
    internal static void Begin()
    {
        if (s_current is { } watch)
        {
            Volatile.Write(ref watch._since, Stopwatch.GetTimestamp());
            Volatile.Write(ref watch._state, Inside); // A release: whoever sees it sees the time that belongs to it.
        }
    }

    /// <summary>Says that the call has come back.</summary>
    /// <exception cref="CallGivenUpException">The thread has been given up meanwhile, and is to end.</exception>
    internal static void End()
    {
        if (s_current is { } watch && Interlocked.CompareExchange(ref watch._state, Outside, Inside) != Inside)
        {
            throw new CallGivenUpException();
        }
    }

    /// <summary>Gives up the thread if one call of it has taken longer than allowed.</summary>
    internal bool TryGiveUp(TimeSpan longest) =>
        Volatile.Read(ref _state) == Inside
        && Stopwatch.GetElapsedTime(Volatile.Read(ref _since)) > longest
        && Interlocked.CompareExchange(ref _state, GivenUp, Inside) == Inside;
}
