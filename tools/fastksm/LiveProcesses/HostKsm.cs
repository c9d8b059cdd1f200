using System;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>What this host has of KSM, and the settings it runs with.</summary>
/// <param name="IsPresent">Whether the kernel has KSM.</param>
/// <param name="IsWritable">Whether this user could change its settings.</param>
/// <param name="KernelRelease">Release of the running kernel, such as 6.18.44.</param>
/// <param name="Run">0 stopped, 1 merging, 2 unmerged.</param>
/// <param name="MaxPageSharing">Addresses that share one frame at most.</param>
/// <param name="UseZeroPages">Whether pages of zeroes are replaced by the zero frame.</param>
/// <param name="PagesToScan">Pages a batch.</param>
/// <param name="SleepMilliseconds">Pause between batches.</param>
/// <param name="PagesScanned">Pages ksmd has processed since boot.</param>
internal sealed record HostKsm(
    bool IsPresent,
    bool IsWritable,
    string KernelRelease,
    int Run,
    int MaxPageSharing,
    bool UseZeroPages,
    long PagesToScan,
    long SleepMilliseconds,
    long PagesScanned)
{
    private const string Directory = "/sys/kernel/mm/ksm/";

    /// <summary>Whether ksmd skips pages that stay unmerged in most scans.</summary>
    internal bool SmartScan { get; init; }

    /// <summary>Whether equal pages of different NUMA nodes merge.</summary>
    internal bool MergeAcrossNodes { get; init; } = true;

    /// <summary>Seconds of a full scan at which the scan-time advisor aims; null while it is off.</summary>
    internal long? AdvisorTargetSeconds { get; init; }
    /// <summary>
    /// Whether <see cref="Run"/> and the settings were read; else they are Linux's defaults, and say nothing of this host.
    /// </summary>
    internal bool SettingsAreKnown { get; init; } = true;

    /// <summary>KSM pages in use now; null where that cannot be read.</summary>
    internal long? PagesShared { get; init; }

    /// <summary>Pages on KSM pages now, of all processes.</summary>
    internal long PagesMerged { get; init; }

    /// <summary>Records that ksmd keeps now, of all processes.</summary>
    internal long RmapItems { get; init; }

    /// <summary>Reads the host; Linux's defaults stand in for what it lacks (<see cref="SettingsAreKnown"/>).</summary>
    internal static HostKsm Read()
    {
        bool isKnown = File.Exists(Directory + "run");
        return new HostKsm(
            IsPresent: isKnown || KernelHasKsm(),
            IsWritable: IsWritableFile(Directory + "run"),
            KernelRelease: ReleaseOf(),
            Run: (int)Number("run", 0),
            MaxPageSharing: (int)Number("max_page_sharing", 256),
            UseZeroPages: Number("use_zero_pages", 0) != 0,
            PagesToScan: Number("pages_to_scan", 100),
            SleepMilliseconds: Number("sleep_millisecs", 20),
            PagesScanned: Number("pages_scanned", 0))
        {
            SettingsAreKnown = isKnown,
            SmartScan = Number("smart_scan", 0) != 0,
            MergeAcrossNodes = Number("merge_across_nodes", 1) != 0,
            AdvisorTargetSeconds = ProcFile.TryReadText(Directory + "advisor_mode") is { } mode
                && mode.Contains("[scan-time]", StringComparison.Ordinal)
                    ? Number("advisor_target_scan_time", 200)
                    : null,
            PagesShared = Number("pages_shared", -1) is var shared and >= 0 ? shared : null,
            PagesMerged = Number("pages_shared", 0) + Number("pages_sharing", 0),
            RmapItems = Number("pages_shared", 0) + Number("pages_sharing", 0) + Number("pages_unshared", 0)
                + Number("pages_volatile", 0),
        };
    }

    // /sys need not be mounted. A kernel with KSM then says so elsewhere: by a file (6.1 and later), by a prctl (6.4).
    private static bool KernelHasKsm() =>
        File.Exists("/proc/self/ksm_stat")
        || File.Exists("/proc/self/ksm_merging_pages")
        || LinuxNative.prctl(LinuxNative.PrGetMemoryMerge, 0, 0, 0, 0) >= 0;

    // Not /proc/sys/kernel/osrelease: a /proc that shows processes only does not have it.
    private static unsafe string ReleaseOf()
    {
        const int FieldLength = 65; // struct utsname: six fields, the release is the third.
        const int ReleaseField = 2;
        byte* fields = stackalloc byte[6 * FieldLength];
        return LinuxNative.uname(fields) == 0
            ? Marshal.PtrToStringUTF8((nint)(fields + (ReleaseField * FieldLength))) ?? "unknown"
            : "unknown";
    }

    private static long Number(string file, long fallback) =>
        long.TryParse(ProcFile.TryReadText(Directory + file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long value)
            ? value
            : fallback;

    private static bool IsWritableFile(string path)
    {
        const int OpenWriteOnly = 1;
        using var file = ProcFile.TryOpen(path, OpenWriteOnly, out _);
        return file is not null;
    }
}
