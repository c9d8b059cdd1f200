using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>One process being read: its identity, its open <c>/proc</c> files and what became of it.</summary>
/// <remarks>
/// The descriptors are bound to the process and to the address space it had when they were opened, whatever becomes of
/// the pid: once the process has exited or called exec, <c>pagemap</c> reads nothing. That is the test for a pid that
/// was reused in between (<see cref="IsStillTheSame"/>).
/// Thread safety: <see cref="Fail"/>, <see cref="AddUse"/>, <see cref="EndUse"/> and the reads may be called from any
/// thread; the rest by the thread that opened it.
/// </remarks>
internal sealed class LiveProcess
{
    // The text of about eight VMAs.
    private const int SmapsPieceBytes = 8192;

    private int _status = (int)ReadStatus.Read;
    private int _uses = 1;
    private long _pagesLeft;
    private SafeFileHandle? _smaps;

    private LiveProcess(int pid, ProcessStat stat)
    {
        Pid = pid;
        Stat = stat;
    }

    /// <summary>Process id in the caller's pid namespace.</summary>
    internal int Pid { get; }

    /// <summary>Name, kind and start time, as first seen.</summary>
    internal ProcessStat Stat { get; }

    /// <summary>Real user id.</summary>
    internal uint UserId { get; private set; }

    /// <summary>What became of reading it.</summary>
    internal ReadStatus Status => (ReadStatus)Volatile.Read(ref _status);

    /// <summary>Pages that were seen present and had gone when their content was read.</summary>
    internal long PagesLeft => Interlocked.Read(ref _pagesLeft);

    /// <summary>Zero pages that KSM has placed in it already.</summary>
    internal long KsmZeroPages { get; private set; }

    /// <summary>Records that ksmd keeps of it now.</summary>
    internal long KsmRmapItems { get; private set; }

    /// <summary>Pages of it that are merged now.</summary>
    internal long KsmMergingPages { get; private set; }

    /// <summary>Whether merging was enabled for the whole process (prctl).</summary>
    internal bool KsmMergeAny { get; private set; }

    /// <summary><c>/proc/PID/pagemap</c>; open while <see cref="Status"/> is <see cref="ReadStatus.Read"/>.</summary>
    internal SafeFileHandle? Pagemap { get; private set; }

    /// <summary><c>/proc/PID/mem</c>.</summary>
    internal SafeFileHandle? Memory { get; private set; }

    /// <summary>Opens a process. Null where there is no such process (any more).</summary>
    internal static LiveProcess? Open(int pid)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
        using SafeFileHandle? directory = ProcFile.TryOpen(path, LinuxNative.OpenPath | LinuxNative.OpenDirectory, out _);
        if (directory is null
            || ProcFile.TryReadTextAt(directory, "stat", out _) is not { } text
            || !ProcessStat.TryParse(text, out ProcessStat stat))
        {
            return null;
        }

        LiveProcess process = new(pid, stat);
        process.UserId = ProcFile.TryReadTextAt(directory, "status", out _) is { } status ? StatusFields.UserId(status) : 0;
        if (stat.IsKernelThread)
        {
            process.Fail(ReadStatus.KernelThread);
        }
        else if (stat.State is 'Z' or 'X')
        {
            process.Fail(ReadStatus.Zombie);
        }
        else
        {
            process.OpenMemory(directory);
        }

        return process;
    }

    /// <summary>
    /// Reads its VMAs, ascending, piece by piece: the kernel walks the page tables of each VMA for smaps, so the pages of
    /// the first ones can be read meanwhile. Once only.
    /// </summary>
    internal IEnumerable<Vma> ReadVmas()
    {
        List<Vma> vmas = [];
        SmapsParser parser = new(vmas);
        byte[] buffer = new byte[SmapsPieceBytes];
        bool any = false;
        for (int count = 1; count > 0 && Status == ReadStatus.Read;)
        {
            count = ProcFile.Read(_smaps!, buffer);
            if (count > 0)
            {
                parser.Feed(buffer.AsSpan(0, count));
            }
            else if (count < 0)
            {
                Fail(StatusOf(-count));
            }
            else
            {
                parser.Complete();
            }

            any |= vmas.Count > 0;
            foreach (Vma vma in vmas)
            {
                yield return vma;
            }

            vmas.Clear();
        }

        _smaps!.Dispose();
        if (!any)
        {
            Fail(ReadStatus.Exited); // Only a process without an address space has none.
        }
    }

    /// <summary>Records a failure; the first one stays.</summary>
    internal void Fail(ReadStatus status) =>
        _ = Interlocked.CompareExchange(ref _status, (int)status, (int)ReadStatus.Read);

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
            _smaps?.Dispose();
        }
    }

    // The pagemap of an address space that nobody uses any more reads as end of file; process_vm_readv goes by pid, so
    // this must hold *after* the last read for the bytes to be known as this process's.
    private unsafe bool IsStillTheSame()
    {
        ulong entry;
        return ProcFile.ReadAt(Pagemap!, &entry, sizeof(ulong), offset: 0) == sizeof(ulong);
    }

    private void OpenMemory(SafeFileHandle directory)
    {
        Pagemap = ProcFile.TryOpenAt(directory, "pagemap", out int pagemapError);
        Memory = ProcFile.TryOpenAt(directory, "mem", out int memoryError);
        _smaps = ProcFile.TryOpenAt(directory, "smaps", out int smapsError);
        if (Pagemap is null || Memory is null || _smaps is null)
        {
            Fail(StatusOf(Pagemap is null ? pagemapError : Memory is null ? memoryError : smapsError));
            return;
        }

        if (ProcFile.TryReadTextAt(directory, "ksm_stat", out _) is { } ksmStat)
        {
            KsmZeroPages = StatusFields.Number(ksmStat, "ksm_zero_pages");
            KsmRmapItems = StatusFields.Number(ksmStat, "ksm_rmap_items");
            KsmMergingPages = StatusFields.Number(ksmStat, "ksm_merging_pages");
            KsmMergeAny = ksmStat.Contains("ksm_merge_any: yes", StringComparison.Ordinal);
        }
    }

    private static ReadStatus StatusOf(int error) =>
        error is LinuxNative.ErrorNoEntry or LinuxNative.ErrorNoProcess ? ReadStatus.Exited : ReadStatus.NotPermitted;
}
