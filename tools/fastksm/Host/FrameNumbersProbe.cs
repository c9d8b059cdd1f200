using System;
using System.IO;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Host;

/// <summary>Asks whether pagemap shows frame numbers, and if not, which right is missing.</summary>
internal static unsafe class FrameNumbersProbe
{
    /// <summary>The finding for the processes of one <c>/proc</c>.</summary>
    internal static FrameNumbers Ask(ProcMount mount)
    {
        if (!string.Equals(mount.Root, ProcMount.Host.Root, StringComparison.Ordinal))
        {
            bool isRecorded = File.Exists(mount.Root + "/kpageflags");
            return new FrameNumbers(isRecorded, isRecorded ? "Frame numbers are recorded." : "No frame numbers are recorded.");
        }

        return OwnPageHasNumber() ?? Capabilities.HasSysAdmin
            ? new FrameNumbers(true, "Frame numbers are visible.")
            : new FrameNumbers(false, Reason());
    }

    private static string Reason() =>
        LinuxNative.geteuid() != 0
            ? "Frame numbers are hidden from this user: they take CAP_SYS_ADMIN (run as root)."
        : Capabilities.HasSysAdmin
            ? "Frame numbers are hidden from this user namespace: they take CAP_SYS_ADMIN on the host itself."
            : "Frame numbers are hidden from this root user: CAP_SYS_ADMIN is missing (a container; "
                + "docker run --cap-add SYS_ADMIN).";

    // Asked of a page that certainly is there: the one this local lies on. Null where this process is not in that /proc.
    private static bool? OwnPageHasNumber()
    {
        using SafeFileHandle? pagemap = ProcFile.TryOpen("/proc/self/pagemap", LinuxNative.OpenReadOnly, out _);
        PagemapEntry entry = default;
        long offset = (long)((ulong)&entry / (ulong)Environment.SystemPageSize * sizeof(ulong));
        return pagemap is null || ProcFile.ReadAt(pagemap, &entry, sizeof(ulong), offset) != sizeof(ulong)
            ? null
            : entry.Frame != 0;
    }
}
