using System;
using System.Globalization;
using System.IO;

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

    /// <summary>KSM pages in use now; null where that cannot be read.</summary>
    internal long? PagesShared { get; init; }

    /// <summary>Pages on KSM pages now, of all processes.</summary>
    internal long PagesMerged { get; init; }

    /// <summary>Records that ksmd keeps now, of all processes.</summary>
    internal long RmapItems { get; init; }

    /// <summary>Reads the host; Linux's defaults stand in for what it lacks.</summary>
    internal static HostKsm Read() => new(
        IsPresent: File.Exists(Directory + "run"),
        IsWritable: IsWritableFile(Directory + "run"),
        KernelRelease: (ProcFile.TryReadText("/proc/sys/kernel/osrelease") ?? "unknown").Trim(),
        Run: (int)Number("run", 0),
        MaxPageSharing: (int)Number("max_page_sharing", 256),
        UseZeroPages: Number("use_zero_pages", 0) != 0,
        PagesToScan: Number("pages_to_scan", 100),
        SleepMilliseconds: Number("sleep_millisecs", 20),
        PagesScanned: Number("pages_scanned", 0))
    {
        SmartScan = Number("smart_scan", 0) != 0,
        MergeAcrossNodes = Number("merge_across_nodes", 1) != 0,
        AdvisorTargetSeconds = ProcFile.TryReadText(Directory + "advisor_mode") is { } mode
            && mode.Contains("[scan-time]", StringComparison.Ordinal)
                ? Number("advisor_target_scan_time", 200)
                : null,
        PagesShared = Number("pages_shared", -1) is var shared and >= 0 ? shared : null,
        PagesMerged = Number("pages_shared", 0) + Number("pages_sharing", 0),
        RmapItems = Number("pages_shared", 0) + Number("pages_sharing", 0) + Number("pages_unshared", 0) + Number("pages_volatile", 0),
    };

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
