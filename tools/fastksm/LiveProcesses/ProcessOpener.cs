using System;
using System.Globalization;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Opens processes: finds the directory whose files tell their memory, and says why where there is none.</summary>
/// <remarks>
/// A process whose main thread has ended is shown as a zombie while its other threads go on. The files of its own
/// directory are empty then; those of a living thread (<c>/proc/PID/task/TID</c>) tell the same address space.
/// Thread safety: all members may be called from any thread.
/// </remarks>
internal static class ProcessOpener
{
    private static readonly ProcessStat s_unseen = new(string.Empty, '?', IsKernelThread: false, StartTime: 0);

    /// <summary>Opens a process. Null where there is no such process (any more).</summary>
    internal static LiveProcess? Open(int pid, ProcMount mount)
    {
        string path = mount.PathOf(pid);
        using SafeFileHandle? directory = OpenDirectory(path);
        if (directory is null || StatOf(directory) is not { } stat)
        {
            return mount.Hides(pid)
                ? Unread(pid, ReadStatus.NotPermitted, mount.HidePid.Length == 0
                    ? "its files in /proc may not be read"
                    : $"/proc hides other users' processes (it is mounted with hidepid={mount.HidePid})")
                : null;
        }

        if (stat.IsKernelThread)
        {
            return Unread(pid, ReadStatus.KernelThread, null, stat, directory);
        }

        if (!stat.HasEnded)
        {
            return OpenMemory(pid, pid, stat, directory, path, mount);
        }

        if (LivingThread(path, pid) is not { } thread)
        {
            return Unread(pid, ReadStatus.Zombie, null, stat, directory);
        }

        path = string.Create(CultureInfo.InvariantCulture, $"{path}/task/{thread}");
        using SafeFileHandle? threadDirectory = OpenDirectory(path);
        return threadDirectory is null || StatOf(threadDirectory) is not { } threadStat
            ? Unread(pid, ReadStatus.Exited, null, stat, directory)
            : OpenMemory(pid, thread, stat with { Layout = threadStat.Layout }, threadDirectory, path, mount);
    }

    /// <summary>A process that is not read, and why.</summary>
    internal static LiveProcess Unread(int pid, ReadStatus status, string? reason) =>
        Unread(pid, status, reason, s_unseen, directory: null);

    /// <summary>What an error of opening or reading a process's file means.</summary>
    internal static ReadStatus StatusOf(int error) =>
        error is LinuxNative.ErrorNoEntry or LinuxNative.ErrorNoProcess ? ReadStatus.Exited : ReadStatus.NotPermitted;

    private static LiveProcess Unread(
        int pid, ReadStatus status, string? reason, ProcessStat stat, SafeFileHandle? directory)
    {
        LiveProcess process = new(pid, stat)
        {
            UserId = directory is null ? 0 : StatusFields.UserId(ProcFile.TryReadTextAt(directory, "status", out _) ?? string.Empty),
        };
        process.Fail(status, reason);
        return process;
    }

    private static LiveProcess OpenMemory(
        int pid, int thread, ProcessStat stat, SafeFileHandle directory, string path, ProcMount mount)
    {
        SafeFileHandle? pagemap = ProcFile.TryOpenAt(directory, "pagemap", out int pagemapError);
        SafeFileHandle? memory = ProcFile.TryOpenAt(directory, "mem", out int memoryError);
        SafeFileHandle? smaps = ProcFile.TryOpenAt(directory, "smaps", out int smapsError);
        string status = ProcFile.TryReadTextAt(directory, "status", out _) ?? string.Empty;
        string ksmStat = pagemap is null || memory is null || smaps is null
            ? string.Empty
            : ProcFile.TryReadTextAt(directory, "ksm_stat", out _) ?? string.Empty;
        long pinned = StatusFields.Bytes(status, "VmPin");
        LiveProcess process = new(pid, stat)
        {
            UserId = StatusFields.UserId(status),
            CommandLine = (ProcFile.TryReadTextAt(directory, "cmdline", out _) ?? string.Empty).TrimEnd('\0').Replace('\0', ' '),
            CgroupText = ProcFile.TryReadTextAt(directory, "cgroup", out _) ?? string.Empty,
            CallId = mount.IsOwnNamespace ? thread : 0,
            Directory = path,
            Pagemap = pagemap,
            Memory = memory,
            Smaps = smaps,
            PinnedBytes = pinned,
            LockedBytes = StatusFields.Bytes(status, "VmLck"),
            Pinned = pinned > 0 ? PinnedRanges.Read(path) : PinnedRanges.None,
            KsmZeroPages = StatusFields.Number(ksmStat, "ksm_zero_pages"),
            KsmMergingPages = MergingPages(ksmStat, directory),
            KsmRmapItems = StatusFields.Number(ksmStat, "ksm_rmap_items"),
            KsmMergeAny = ksmStat.Contains("ksm_merge_any: yes", StringComparison.Ordinal),
        };

        Check(process, directory, "pagemap", pagemapError);
        Check(process, directory, "smaps", smapsError);
        Check(process, directory, "mem", memoryError);
        return process;
    }

    // Linux 6.1 shows it in a file of its own.
    private static long MergingPages(string ksmStat, SafeFileHandle directory) =>
        ksmStat.Contains("ksm_merging_pages", StringComparison.Ordinal)
            ? StatusFields.Number(ksmStat, "ksm_merging_pages")
            : long.TryParse(
                ProcFile.TryReadTextAt(directory, "ksm_merging_pages", out _),
                NumberStyles.AllowTrailingWhite,
                CultureInfo.InvariantCulture,
                out long pages) ? pages : 0;

    // A file that is not there although its process lives: the kernel was built without it, or a sandbox has none.
    private static void Check(LiveProcess process, SafeFileHandle directory, string file, int error)
    {
        if (error == 0)
        {
            return;
        }

        if (error == LinuxNative.ErrorNoEntry && StatOf(directory) is { HasEnded: false })
        {
            process.Fail(ReadStatus.Unsupported, $"this kernel has no /proc/PID/{file}");
        }
        else
        {
            process.Fail(StatusOf(error));
        }
    }

    private static SafeFileHandle? OpenDirectory(string path) =>
        ProcFile.TryOpen(path, LinuxNative.OpenPath | LinuxNative.OpenDirectory, out _);

    private static ProcessStat? StatOf(SafeFileHandle directory) =>
        ProcFile.TryReadTextAt(directory, "stat", out _) is { } text && ProcessStat.TryParse(text, out ProcessStat stat)
            ? stat
            : null;

    private static int? LivingThread(string path, int leader)
    {
        try
        {
            foreach (string task in Directory.EnumerateDirectories(path + "/task"))
            {
                if (int.TryParse(Path.GetFileName(task), NumberStyles.None, CultureInfo.InvariantCulture, out int thread)
                    && thread != leader
                    && ProcFile.TryReadText(task + "/stat") is { } text
                    && ProcessStat.TryParse(text, out ProcessStat stat)
                    && !stat.HasEnded)
                {
                    return thread;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or its threads are not to be seen: as if there were none.
        }

        return null;
    }
}
