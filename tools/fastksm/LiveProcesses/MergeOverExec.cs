using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Whether this kernel keeps merging enabled when a process becomes another program.</summary>
/// <remarks>
/// Linux has enabled merging for a whole process (PR_SET_MEMORY_MERGE) since 6.4, and kept it over exec since 6.7: before,
/// exec clears it, and nothing says so. Tried instead of looked up, because the change may be in older kernels of a
/// distribution: a child of this process, for which merging is enabled, starts a program and is looked at in <c>/proc</c>.
/// posix_spawn returns in the midst of that: when the child leaves this process's address space. All it has then is a stack, which the
/// kernel sets up before it looks at the setting. So the child is looked at until a mapping of the program's file is there.
/// </remarks>
internal static unsafe class MergeOverExec
{
    private const int FileActionBytes = 256; // glibc's take 80, musl's fewer.
    private const int Kill = 9;
    private const int OpenReadWrite = 2;
    private const int MostLooks = 2000;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    /// <summary>Tries it; merging must be enabled for this process.</summary>
    /// <returns>Null where it could not be seen.</returns>
    internal static bool? Probe()
    {
        // The program is the one that runs already; it is stopped before it gets far, and has nothing to write to.
        byte* actions = stackalloc byte[FileActionBytes];
        if (LinuxNative.posix_spawn_file_actions_init(actions) != 0)
        {
            return null;
        }

        for (int descriptor = 0; descriptor < 3; descriptor++)
        {
            _ = LinuxNative.posix_spawn_file_actions_addopen(actions, descriptor, "/dev/null", OpenReadWrite, 0);
        }

        string?[] arguments = ["fastksm", "--version", null];
        string?[] environment = [null];
        int error = LinuxNative.posix_spawn(out int child, "/proc/self/exe", actions, null, arguments, environment);
        _ = LinuxNative.posix_spawn_file_actions_destroy(actions);
        if (error != 0)
        {
            return null;
        }

        bool? isKept = Look(string.Create(CultureInfo.InvariantCulture, $"/proc/{child}/smaps"));
        _ = LinuxNative.kill(child, Kill);
        while (LinuxNative.waitpid(child, null, 0) < 0 && Marshal.GetLastPInvokeError() == LinuxNative.ErrorInterrupted)
        {
        }

        return isKept;
    }

    // A child that has ended already has an empty file.
    private static bool? Look(string path)
    {
        for (int look = 0; look < MostLooks; look++)
        {
            if (ProcFile.TryReadBytes(path) is not { Length: > 0 } smaps)
            {
                return null;
            }

            if (ShowsMerging(smaps) is { } isKept)
            {
                return isKept;
            }

            Thread.Sleep(s_pause);
        }

        return null;
    }

    /// <summary>Whether the text of an smaps file shows a program that merges.</summary>
    /// <returns>Null as long as nothing of it that could merge is there but memory without a file, which may be its stack.</returns>
    internal static bool? ShowsMerging(ReadOnlySpan<byte> smaps)
    {
        List<Vma> vmas = [];
        SmapsParser parser = new(vmas);
        parser.Feed(smaps);
        parser.Complete();
        bool? isKept = null;
        foreach (Vma vma in vmas)
        {
            if (vma.IsMarked)
            {
                return true;
            }

            if (vma.IsOfFile && vma.Eligibility == VmaEligibility.Eligible)
            {
                isKept = false;
            }
        }

        return isKept;
    }
}
