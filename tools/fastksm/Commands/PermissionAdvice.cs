using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Commands;

/// <summary>Says what would permit reading a process.</summary>
internal static class PermissionAdvice
{
    /// <summary>One line for processes of which none could be read.</summary>
    /// <param name="process">The only one, in words; null where there are more.</param>
    /// <param name="processes">How many were refused.</param>
    internal static string Describe(string? process, int processes)
    {
        string what = process is null ? $"none of {processes} processes may be read" : $"{process} may not be read";
        string scope = (ProcFile.TryReadText("/proc/sys/kernel/yama/ptrace_scope") ?? "0").Trim();
        return LinuxNative.geteuid() == 0
            ? $"{what}: this root user lacks {(Capabilities.HasSysPtrace ? "the rights for it" : "CAP_SYS_PTRACE")} "
                + "(a container; or a restriction of the kernel)."
            : scope is not "0"
                ? $"{what}: kernel.yama.ptrace_scope is {scope}; run as root, or set it to 0 to read your own processes."
                : $"{what}: it takes the same user, or CAP_SYS_PTRACE (run as root).";
    }
}
