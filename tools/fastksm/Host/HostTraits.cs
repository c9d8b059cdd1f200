using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>Finds out in which ways this host is what the tool could wish for: each answer by trying, not by the kernel's version.</summary>
/// <remarks>Changes nothing on the host. Thread safety: all members may be called from any thread.</remarks>
internal static class HostTraits
{
    private const string KsmDirectory = "/sys/kernel/mm/ksm";
    private const string HugePages = "/sys/kernel/mm/transparent_hugepage/";
    private static readonly string[] s_traceRoots = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

    /// <summary>Probes everything; takes some milliseconds.</summary>
    internal static IReadOnlyList<HostTrait> Probe()
    {
        ZeroFrameProbe zeroFrames = ZeroFrameProbe.Try();
        HostKsm ksm = HostKsm.Read();
        using FrameFlags frames = new();
        return
        [
            HostTrait.Full("kernel", "Linux " + ksm.KernelRelease),
            Ksm(ksm),
            KsmStat(),
            FrameNumbers(frames),
            KsmFlag(frames),
            Scan(),
            ReadsOfUntouchedMemory(zeroFrames),
            ZeroesOfSplitHugePages(zeroFrames),
            HugePageModes(),
            Nodes(),
            Swap(),
            ControlGroups(),
            Tracepoints(),
        ];
    }

    private static HostTrait Ksm(HostKsm ksm) => ksm switch
    {
        { IsPresent: false } => HostTrait.Lacking(
            "ksm", "none: " + KsmDirectory + " is missing", "evaluate forecasts with Linux's default settings; exec --merge merges nothing",
            "a kernel with CONFIG_KSM, and /sys mounted"),
        { IsWritable: false } => HostTrait.Lacking(
            "ksm", Text($"run={ksm.Run}, settings cannot be written"), "conform and the live checks cannot run",
            "root, outside of a container"),
        _ => HostTrait.Full("ksm", Text($"run={ksm.Run}, settings can be written")),
    };

    private static HostTrait KsmStat() =>
        ProcFile.TryReadText("/proc/self/ksm_stat") is { } stat
            ? stat.Contains("ksm_mergeable", StringComparison.Ordinal)
                ? HostTrait.Full("ksm_stat", "tells which processes have mergeable memory")
                : HostTrait.Lacking(
                    "ksm_stat", "does not tell which processes have mergeable memory", "conform cannot see who else uses KSM", "Linux 6.16")
            : HostTrait.Lacking("ksm_stat", "no /proc/PID/ksm_stat", "conform cannot compare single processes", "Linux 6.1 with CONFIG_KSM");

    private static HostTrait FrameNumbers(FrameFlags frames) => frames.NumbersAreVisible
        ? HostTrait.Full("frame_numbers", "visible")
        : HostTrait.Lacking(
            "frame_numbers", "hidden from this user", "evaluate tells pages that fork shares by their address only", "root with CAP_SYS_ADMIN");

    private static HostTrait KsmFlag(FrameFlags frames) => frames.IsAvailable
        ? HostTrait.Full("kpageflags", "readable")
        : HostTrait.Lacking(
            "kpageflags", "cannot be read", "evaluate cannot tell merged pages and folios by their frames", "root with CAP_SYS_ADMIN");

    private static HostTrait Scan() => PagemapScan.TellsZeroFrames
        ? HostTrait.Full("pagemap_scan", "works")
        : HostTrait.Lacking(
            "pagemap_scan", "not known to this kernel", "evaluate reads 8 bytes of pagemap for every mapped page, holes too", "Linux 6.7");

    private static HostTrait ReadsOfUntouchedMemory(ZeroFrameProbe probe) => probe.Reads switch
    {
        true => HostTrait.Full("zero_frame_reads", "on: a read of untouched memory maps the zero frame"),
        false => HostTrait.Differs(
            "zero_frame_reads", "off: a read of untouched memory takes a page of its own",
            "scripts that need the zero frame are skipped; conform gives the engine this trait"),
        null => HostTrait.Lacking("zero_frame_reads", "unknown: smaps cannot be read", "conform assumes on", "a /proc with smaps"),
    };

    private static HostTrait ZeroesOfSplitHugePages(ZeroFrameProbe probe) => probe.Splits switch
    {
        true => HostTrait.Full("zero_frame_splits", "on: pages of zeroes of a huge page that is taken apart give their frames back"),
        false => HostTrait.Differs(
            "zero_frame_splits", "off: pages of zeroes of a huge page that is taken apart keep their frames",
            "huge pages of zeroes are forecast to merge as other pages do"),
        null => HostTrait.Lacking(
            "zero_frame_splits", "unknown: no huge page could be made here", "taken from the kernel's version", "huge pages set to madvise or always"),
    };

    private static HostTrait HugePageModes()
    {
        string? enabled = Chosen(HugePages + "enabled");
        string? defrag = Chosen(HugePages + "defrag");
        return enabled switch
        {
            null => HostTrait.Lacking("huge_pages", "none in this kernel", "rows with huge pages are skipped", "CONFIG_TRANSPARENT_HUGEPAGE"),
            "never" => HostTrait.Lacking(
                "huge_pages", "never", "live rows with huge pages are skipped", $"echo madvise > {HugePages}enabled"),
            _ => HostTrait.Full("huge_pages", $"{enabled}, defrag {defrag ?? "unknown"}"),
        };
    }

    private static HostTrait Nodes()
    {
        const string Directory = "/sys/devices/system/node";
        int nodes = System.IO.Directory.Exists(Directory)
            ? System.IO.Directory.EnumerateDirectories(Directory, "node*").Count(path => char.IsAsciiDigit(path[^1]))
            : 0;
        return nodes switch
        {
            0 => HostTrait.Differs("nodes", "not shown: /sys or CONFIG_NUMA is missing", "taken for one node"),
            1 => HostTrait.Full("nodes", "1"),
            _ => HostTrait.Full("nodes", Text($"{nodes}")),
        };
    }

    private static HostTrait Swap()
    {
        string[] devices = [.. (ProcFile.TryReadText("/proc/swaps") ?? string.Empty).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)];
        return devices.Length > 0
            ? HostTrait.Full("swap", Text($"{devices.Length} {(devices.Length == 1 ? "device" : "devices")}"))
            : HostTrait.Differs("swap", "none", "conform --swap makes some for its run, as root");
    }

    private static HostTrait ControlGroups()
    {
        string mounts = ProcFile.TryReadText("/proc/self/mounts") ?? string.Empty;
        string[] first = [.. mounts.Split('\n').Where(line => line.Split(' ') is [_, _, "cgroup", var options, ..] && options.Split(',').Contains("memory"))];
        bool second = (ProcFile.TryReadText("/sys/fs/cgroup/cgroup.controllers") ?? string.Empty).Split([' ', '\n']).Contains("memory");
        return first.Length > 0 ? HostTrait.Full("memory_cgroups", "version 1")
            : second ? HostTrait.Full("memory_cgroups", "version 2")
            : HostTrait.Lacking("memory_cgroups", "none", "limits of groups cannot be tried live", "a mounted memory controller");
    }

    private static HostTrait Tracepoints()
    {
        string? root = s_traceRoots.FirstOrDefault(path => Directory.Exists(path + "/events/ksm"));
        return root is not null
            ? HostTrait.Full("tracepoints", $"{root}/events/ksm")
            : HostTrait.Lacking(
                "tracepoints", "no events/ksm", "ksmd's own events cannot be set beside the engine's",
                "root, tracefs mounted (mount -t tracefs tracefs /sys/kernel/tracing), CONFIG_TRACEPOINTS");
    }

    // The word in brackets of a sysfs file that lists its choices.
    private static string? Chosen(string file) =>
        ProcFile.TryReadText(file) is { } text && text.IndexOf('[', StringComparison.Ordinal) is >= 0 and var open
        && text.IndexOf(']', open) is > 0 and var close
            ? text[(open + 1)..close]
            : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
