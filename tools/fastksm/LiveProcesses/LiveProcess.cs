using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>One process being read: its identity, its open <c>/proc</c> files and what became of it.</summary>
/// <remarks>
/// The descriptors are bound to the process and to the address space it had when they were opened, whatever becomes of
/// the pid: once the process has exited or called exec, <c>pagemap</c> reads nothing. That is the test for a pid that
/// was reused in between (<see cref="IsStillTheSame"/>). <see cref="ProcessOpener"/> makes these objects.
/// Thread safety: <see cref="Fail"/>, <see cref="AddUse"/>, <see cref="EndUse"/> and the reads may be called from any
/// thread; the rest by the thread that opened it.
/// </remarks>
internal sealed class LiveProcess
{
    // Less than the text of one VMA. The kernel goes on to the next VMA while the piece is not full, and holds the
    // target's mmap lock for the length of a piece: so it is held for one VMA at a time.
    private const int SmapsPieceBytes = 512;

    private int _status = (int)ReadStatus.Read;
    private int _uses = 1;
    private long _pagesLeft;
    private long _lockedBytes;
    private volatile bool _hasHandler;
    private long? _cpuNanoseconds;

    internal LiveProcess(int pid, ProcessStat stat)
    {
        Pid = pid;
        Stat = stat;
    }

    /// <summary>Process id, as the <c>/proc</c> that is read shows it.</summary>
    internal int Pid { get; }

    /// <summary>Name, kind and start time, as first seen.</summary>
    internal ProcessStat Stat { get; }

    /// <summary>Real user id.</summary>
    internal uint UserId { get; init; }

    /// <summary>The arguments that it was started with, blanks between them; empty where they are not known.</summary>
    internal string CommandLine { get; init; } = string.Empty;

    /// <summary>Text of its cgroup file: a line for each hierarchy; empty where it is not known.</summary>
    internal string CgroupText { get; init; } = string.Empty;

    /// <summary>What became of reading it.</summary>
    internal ReadStatus Status => (ReadStatus)Volatile.Read(ref _status);

    /// <summary>Why it was not read, where the status alone does not say it: a phrase without a full stop.</summary>
    internal string? Reason { get; private set; }

    /// <summary>The process whose address space it uses, where that is why it was not read; else 0.</summary>
    internal int SameAs { get; private set; }

    /// <summary>
    /// The id that a system call takes for it: the pid, or that of a living thread; 0 where ids of this <c>/proc</c> mean
    /// other processes to this one.
    /// </summary>
    internal int CallId { get; init; }

    /// <summary>The directory whose files tell its memory: its own, or that of a living thread; empty where it was not read.</summary>
    internal string Directory { get; init; } = string.Empty;

    /// <summary>Pages that were seen present and had gone when their content was read.</summary>
    internal long PagesLeft => Interlocked.Read(ref _pagesLeft);

    /// <summary>Zero pages that KSM has placed in it already.</summary>
    internal long KsmZeroPages { get; init; }

    /// <summary>Pages of it that are on KSM pages now.</summary>
    internal long KsmMergingPages { get; init; }

    /// <summary>ksmd's records of it now.</summary>
    internal long KsmRmapItems { get; init; }

    /// <summary>Whether merging was enabled for the whole process (prctl).</summary>
    internal bool KsmMergeAny { get; init; }

    /// <summary>Memory that the kernel holds for input and output, in bytes (<c>VmPin</c>).</summary>
    internal long PinnedBytes { get; init; }

    /// <summary>Whether it ran while it was watched.</summary>
    internal bool Ran { get; private set; }

    /// <summary>Memory that counts as locked, in bytes (<c>VmLck</c>): mlock's, and what VFIO pins.</summary>
    internal long LockedBytes { get; init; }

    /// <summary>Pinned memory of which the place is known.</summary>
    internal PinnedRanges Pinned { get; init; } = PinnedRanges.None;

    /// <summary>A process that is known by what was noted of it, not by its files.</summary>
    internal static LiveProcess Noted(
        int pid, ProcessStat stat, uint userId = 0, string commandLine = "", ReadStatus status = ReadStatus.Read, string cgroupText = "")
    {
        LiveProcess process = new(pid, stat) { UserId = userId, CommandLine = commandLine, CgroupText = cgroupText };
        if (status != ReadStatus.Read)
        {
            process.Fail(status);
        }

        return process;
    }

    /// <summary>
    /// Pinned memory of which the place is not known, in bytes. What counts as locked beyond the locked VMAs is pinned by
    /// VFIO, which charges it there. Right after the VMAs have been read.
    /// </summary>
    internal long PinnedSomewhere =>
        Math.Max(0, PinnedBytes - (long)Pinned.ByteLength)
        + Math.Max(0, LockedBytes - Interlocked.Read(ref _lockedBytes));

    /// <summary>Whether it may be read by reference only: by process_vm_readv no page of it can be reached safely.</summary>
    internal bool IsReadByReferenceOnly => CallId == 0 || _hasHandler;

    /// <summary>The longest time that one read of its smaps took: the kernel held its mmap lock for no longer.</summary>
    internal TimeSpan LongestLock { get; private set; }

    /// <summary><c>/proc/PID/pagemap</c>; open while <see cref="Status"/> is <see cref="ReadStatus.Read"/>.</summary>
    internal SafeFileHandle? Pagemap { get; init; }

    /// <summary><c>/proc/PID/mem</c>.</summary>
    internal SafeFileHandle? Memory { get; init; }

    /// <summary><c>/proc/PID/smaps</c>.</summary>
    internal SafeFileHandle? Smaps { get; init; }

    /// <summary>Opens a process. Null where there is no such process (any more).</summary>
    /// <param name="pid">Its id, or that of one of its threads.</param>
    /// <param name="mount">The <c>/proc</c> to read; null for the host's.</param>
    internal static LiveProcess? Open(int pid, ProcMount? mount = null) => ProcessOpener.Open(pid, mount ?? ProcMount.Host);

    /// <summary>Reads its VMAs, ascending, one by one, so that the pages of the first ones can be read meanwhile. Once only.</summary>
    internal IEnumerable<Vma> ReadVmas()
    {
        List<Vma> vmas = [];
        SmapsParser parser = new(vmas);
        byte[] buffer = new byte[SmapsPieceBytes];
        bool any = false;
        for (int count = 1; count > 0 && Status == ReadStatus.Read;)
        {
            count = ReadSmaps(buffer);
            if (count > 0)
            {
                parser.Feed(buffer.AsSpan(0, count));
            }
            else if (count < 0)
            {
                Fail(ProcessOpener.StatusOf(-count));
            }
            else
            {
                parser.Complete();
            }

            any |= vmas.Count > 0;
            foreach (Vma vma in vmas)
            {
                Note(vma);
                yield return vma;
            }

            vmas.Clear();
        }

        Smaps!.Dispose();
        if (!any)
        {
            Fail(ReadStatus.Exited); // Only a process without an address space has none.
        }
    }

    /// <summary>Records a failure; the first one stays.</summary>
    /// <param name="status">What happened.</param>
    /// <param name="reason">Why, where the status does not say it: a phrase without a full stop.</param>
    internal void Fail(ReadStatus status, string? reason = null)
    {
        if (Interlocked.CompareExchange(ref _status, (int)status, (int)ReadStatus.Read) == (int)ReadStatus.Read)
        {
            Reason = reason;
        }
    }

    /// <summary>Records that its memory is read already, as another process's.</summary>
    internal void FailAsSame(LiveProcess other)
    {
        SameAs = other.Pid;
        Fail(ReadStatus.SameAddressSpace);
    }

    /// <summary>Begins, or ends, to watch whether it runs.</summary>
    internal void Watch(bool isEnd)
    {
        long? cpu = ProcessActivity.CpuNanoseconds(Pid);
        Ran = isEnd && (cpu is null || cpu != _cpuNanoseconds);
        _cpuNanoseconds = cpu;
    }

    /// <summary>Counts pages that had gone when they were to be read.</summary>
    internal void CountLeft(int pages) => _ = Interlocked.Add(ref _pagesLeft, pages);

    /// <summary>Announces work that needs the descriptors.</summary>
    internal void AddUse() => _ = Interlocked.Increment(ref _uses);

    /// <summary>Ends such work; the last one checks that it was one process all the while and closes the descriptors.</summary>
    internal void EndUse()
    {
        if (Interlocked.Decrement(ref _uses) == 0)
        {
            if (Status == ReadStatus.Read && !IsStillTheSame())
            {
                Fail(ReadStatus.Exited);
            }

            Pagemap?.Dispose();
            Memory?.Dispose();
            Smaps?.Dispose();
        }
    }

    private int ReadSmaps(byte[] buffer)
    {
        long start = Stopwatch.GetTimestamp();
        int count = ProcFile.Read(Smaps!, buffer);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        LongestLock = took > LongestLock ? took : LongestLock;
        return count;
    }

    private void Note(in Vma vma)
    {
        if (vma.AsksAHandler)
        {
            _hasHandler = true;
        }

        if (vma.IsLocked)
        {
            _ = Interlocked.Add(ref _lockedBytes, (long)vma.Length);
        }
    }

    // The pagemap of an address space that nothing uses any more reads as end of file; process_vm_readv goes by pid, so
    // this must hold *after* the last read for the bytes to be known as this process's.
    private unsafe bool IsStillTheSame()
    {
        ulong entry;
        return ProcFile.ReadAt(Pagemap!, &entry, sizeof(ulong), offset: 0) == sizeof(ulong);
    }
}
