using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>What the kernel has of KSM, and what it tells of it.</summary>
internal static class KsmTraits
{
    private const string KsmDirectory = "/sys/kernel/mm/ksm";
    private static readonly string[] s_traceRoots = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

    /// <summary>The rows, in their order.</summary>
    internal static IEnumerable<HostTrait> Probe(HostKsm ksm) => [Ksm(ksm), KsmStat(), Tracepoints(), Tick(TimerTick.Probe())];

    private static HostTrait Ksm(HostKsm ksm) => ksm switch
    {
        { IsPresent: true, SettingsAreKnown: false } => HostTrait.Lacking(
            "ksm", $"its settings cannot be read: {KsmDirectory} is missing",
            "evaluate forecasts with Linux's default settings", "/sys mounted"),
        { IsPresent: false } => HostTrait.Lacking(
            "ksm", $"none: {KsmDirectory} is missing",
            "evaluate forecasts with Linux's default settings; exec --merge merges nothing",
            "a kernel with CONFIG_KSM, and /sys mounted"),
        { IsWritable: false } => HostTrait.Lacking(
            "ksm", Text($"run={ksm.Run}, settings cannot be written"), "conform and the live checks cannot run",
            "root, outside of a container"),
        _ => HostTrait.Full("ksm", Text($"run={ksm.Run}, settings can be written")),
    };

    private static HostTrait KsmStat() => ProcFile.TryReadText("/proc/self/ksm_stat") switch
    {
        null => HostTrait.Lacking(
            "ksm_stat", "no /proc/PID/ksm_stat", "conform cannot compare single processes", "Linux 6.1 with CONFIG_KSM"),
        { } stat when stat.Contains("ksm_mergeable", StringComparison.Ordinal) =>
            HostTrait.Full("ksm_stat", "tells which processes have mergeable memory"),
        _ => HostTrait.Lacking(
            "ksm_stat", "does not tell which processes have mergeable memory", "conform cannot see who else uses KSM",
            "Linux 6.16"),
    };

    private static HostTrait Tracepoints()
    {
        string? root = s_traceRoots.FirstOrDefault(path => Directory.Exists(path + "/events/ksm"));
        return root is not null
            ? HostTrait.Full("tracepoints", $"{root}/events/ksm")
            : HostTrait.Lacking(
                "tracepoints", "no events/ksm", "ksmd's own events cannot be set beside the engine's",
                "root, tracefs mounted (mount -t tracefs tracefs /sys/kernel/tracing), CONFIG_TRACEPOINTS");
    }

    private static HostTrait Tick(TimerTick tick) => tick.IsProbed
        ? HostTrait.Full("timer_tick", tick.Sentence.TrimEnd('.'))
        : HostTrait.Differs("timer_tick", tick.Sentence.TrimEnd('.'), "times of scans are less sure");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
