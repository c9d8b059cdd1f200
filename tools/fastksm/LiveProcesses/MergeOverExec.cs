using System;
using System.Globalization;
using System.Runtime.InteropServices;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Whether this kernel keeps merging enabled when a process becomes another program.</summary>
/// <remarks>
/// Linux has enabled merging for a whole process (PR_SET_MEMORY_MERGE) since 6.4, and kept it over exec since 6.7: before,
/// exec clears it, and nothing says so. Tried instead of looked up, because the change may be in older kernels of a
/// distribution: a child of this process, for which merging is enabled, starts a program and is looked at in <c>/proc</c>.
/// </remarks>
internal static unsafe class MergeOverExec
{
    private const int FileActionBytes = 256; // glibc's take 80, musl's fewer.
    private const int Kill = 9;
    private const int OpenReadWrite = 2;

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

        string? smaps = ProcFile.TryReadText(string.Create(CultureInfo.InvariantCulture, $"/proc/{child}/smaps"));
        _ = LinuxNative.kill(child, Kill);
        while (LinuxNative.waitpid(child, null, 0) < 0 && Marshal.GetLastPInvokeError() == LinuxNative.ErrorInterrupted)
        {
        }

        return smaps is null ? null : ShowsMerging(smaps);
    }

    /// <summary>Whether any VMA in the text of an smaps file is marked mergeable. Null where it tells nothing.</summary>
    internal static bool? ShowsMerging(string smaps)
    {
        bool any = false;
        foreach (ReadOnlySpan<char> line in smaps.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("VmFlags:", StringComparison.Ordinal))
            {
                any = true;
                if (line.Contains(" mg", StringComparison.Ordinal))
                {
                    return true;
                }
            }
        }

        return any ? false : null;
    }
}
