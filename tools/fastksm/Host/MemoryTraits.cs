using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>How the kernel deals with memory that merging touches: zero frames, huge pages, nodes, swap, groups.</summary>
internal static class MemoryTraits
{
    private const string HugePages = "/sys/kernel/mm/transparent_hugepage/";

    /// <summary>The rows, in their order.</summary>
    internal static IEnumerable<HostTrait> Probe()
    {
        ZeroFrameProbe zeroFrames = ZeroFrameProbe.Try();
        return
        [
            Reads(zeroFrames.Reads),
            Splits(zeroFrames.Splits),
            HugePageModes(),
            Khugepaged(KhugepagedSettings.Read()),
            Nodes(MemoryNodes.Probe()),
            Swap(),
            ControlGroups(),
        ];
    }

    private static HostTrait Reads(bool? mapZeroFrames) => mapZeroFrames switch
    {
        true => HostTrait.Full("zero_frame_reads", "on: a read of untouched memory maps the zero frame"),
        false => HostTrait.Differs(
            "zero_frame_reads", "off: a read of untouched memory takes a page of its own",
            "scripts that need the zero frame are skipped; conform gives the engine this trait"),
        null => HostTrait.Lacking(
            "zero_frame_reads", "unknown: smaps cannot be read", "conform assumes on", "a /proc with smaps"),
    };

    private static HostTrait Splits(bool? giveFramesBack) => giveFramesBack switch
    {
        true => HostTrait.Full(
            "zero_frame_splits", "on: zeroes of a huge page that is taken apart give their frames back"),
        false => HostTrait.Differs(
            "zero_frame_splits", "off: zeroes of a huge page that is taken apart keep their frames",
            "huge pages of zeroes are forecast to merge as other pages do"),
        null => HostTrait.Lacking(
            "zero_frame_splits", "unknown: no huge page could be made here", "taken from the kernel's version",
            "huge pages set to madvise or always"),
    };

    private static HostTrait HugePageModes() => Chosen(HugePages + "enabled") switch
    {
        null => HostTrait.Lacking(
            "huge_pages", "none in this kernel", "rows with huge pages are skipped", "CONFIG_TRANSPARENT_HUGEPAGE"),
        "never" => HostTrait.Lacking(
            "huge_pages", "never", "live rows with huge pages are skipped", $"echo madvise > {HugePages}enabled"),
        { } enabled => HostTrait.Full("huge_pages", $"{enabled}, defrag {Chosen(HugePages + "defrag") ?? "unknown"}"),
    };

    private static HostTrait Khugepaged(KhugepagedSettings khugepaged) => khugepaged.UndoesSplits
        ? HostTrait.Differs(
            "khugepaged", Text($"puts huge pages together with up to {khugepaged.MostHoles} holes in them"),
            "what merging saves by taking huge pages apart can be undone")
        : HostTrait.Full("khugepaged", "does not put huge pages with holes together");

    private static HostTrait Nodes(MemoryNodes nodes) => nodes.Nodes.Count > 1 && !nodes.ShowPages
        ? HostTrait.Lacking(
            "nodes", nodes.Sentence.TrimEnd('.'), "with merge_across_nodes=0 evaluate counts all pages as of one node",
            "permit move_pages (seccomp)")
        : HostTrait.Full("nodes", nodes.Sentence.TrimEnd('.'));

    private static HostTrait Swap()
    {
        string table = ProcFile.TryReadText("/proc/swaps") ?? string.Empty;
        int devices = Math.Max(table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - 1, 0);
        return devices > 0
            ? HostTrait.Full("swap", Text($"{devices} {(devices == 1 ? "device" : "devices")}"))
            : HostTrait.Differs("swap", "none", "conform --swap makes some for its run, as root");
    }

    private static HostTrait ControlGroups()
    {
        string mounts = ProcFile.TryReadText("/proc/self/mounts") ?? string.Empty;
        string controllers = ProcFile.TryReadText("/sys/fs/cgroup/cgroup.controllers") ?? string.Empty;
        return mounts.Split('\n').Any(IsFirstVersion) ? HostTrait.Full("memory_cgroups", "version 1")
            : controllers.Split([' ', '\n']).Contains("memory") ? HostTrait.Full("memory_cgroups", "version 2")
            : HostTrait.Lacking(
                "memory_cgroups", "none", "limits of groups cannot be tried live", "a mounted memory controller");
    }

    // A line of /proc/mounts: device, place, type, options.
    private static bool IsFirstVersion(string mount) =>
        mount.Split(' ') is [_, _, "cgroup", { } options, ..] && options.Split(',').Contains("memory");

    // The word in brackets of a sysfs file that lists its choices.
    private static string? Chosen(string file) =>
        ProcFile.TryReadText(file) is { } text && text.IndexOf('[', StringComparison.Ordinal) is >= 0 and var open
        && text.IndexOf(']', open) is > 0 and var close
            ? text[(open + 1)..close]
            : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
