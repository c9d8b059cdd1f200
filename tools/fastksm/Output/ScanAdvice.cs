using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output;

/// <summary>The lines that switch merging on, for a root shell: each runs under <c>sh -e</c>, whatever state the host is in.</summary>
/// <remarks>
/// A line stands for itself (no <c>cd</c>, no variable), so that parts can be pasted. What a kernel lacks is passed over by a
/// test for the file; what refuses while something else holds (the advisor owns pages_to_scan; merged pages hold max_page_sharing
/// and merge_across_nodes) is preceded by what ends that, and only where the value is another one.
/// </remarks>
internal static class ScanAdvice
{
    private const string Directory = "/sys/kernel/mm/ksm/";
    private const string TmpfilesPath = "/etc/tmpfiles.d/ksm.conf";
    private const long AdvisorLeastPages = 500;
    private const long AdvisorMostPages = 30000;

    /// <summary>All lines; an empty one parts the blocks.</summary>
    /// <param name="options">The settings that were assumed.</param>
    /// <param name="settings">The settings that were recommended.</param>
    /// <param name="target">Wanted time of a full scan, in seconds.</param>
    /// <param name="units">Units of the processes that were evaluated.</param>
    internal static IEnumerable<string> Lines(
        EvaluationOptions options, ScanSettings settings, double target, IReadOnlyCollection<SystemdUnit> units) =>
        [
            .. Fixed(options, settings), string.Empty,
            .. Advisor(options, settings, target), string.Empty,
            .. Reboot(options, settings), string.Empty,
            .. Marking(units),
        ];

    private static IEnumerable<string> Fixed(EvaluationOptions options, ScanSettings settings)
    {
        yield return "# fixed settings";
        yield return IfPresent("advisor_mode", "none");
        yield return Set("pages_to_scan", settings.PagesToScan);
        yield return Set("sleep_millisecs", settings.SleepMilliseconds);
        yield return "# (smart_scan=1 takes less CPU time: scans leave out most of what is old and unique, and find new twins of it later)";
        yield return IfPresent("smart_scan", "0");
        foreach (string line in Common(options))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Advisor(EvaluationOptions options, ScanSettings settings, double target)
    {
        yield return "# or let the advisor find pages_to_scan (Linux 6.8 and later)";
        yield return IfPresent("advisor_target_scan_time", Number((long)Math.Max(Math.Ceiling(target), 1)));
        yield return IfPresent("advisor_max_cpu", Number(AdvisorMaxCpu(settings)));
        yield return IfPresent("advisor_max_pages_to_scan", Number(Math.Max(settings.PagesToScan * 2, AdvisorMostPages)));
        yield return IfPresent("advisor_min_pages_to_scan", Number(Math.Max(settings.PagesToScan, AdvisorLeastPages)));
        yield return IfPresent("advisor_mode", "scan-time");
        foreach (string line in Common(options))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Common(EvaluationOptions options)
    {
        yield return SetUnmerged("max_page_sharing", Number(options.MaxPageSharing));
        yield return IfPresentUnmerged("merge_across_nodes", options.MergeAcrossNodes ? "1" : "0");
        yield return Set("use_zero_pages", options.UseZeroPages ? 1 : 0);
        yield return Set("run", 1);
    }

    // systemd-tmpfiles passes over files that are not there, and goes on after one that refuses.
    private static IEnumerable<string> Reboot(EvaluationOptions options, ScanSettings settings)
    {
        (string File, string Value)[] values =
        [
            ("pages_to_scan", Number(settings.PagesToScan)), ("sleep_millisecs", Number(settings.SleepMilliseconds)), ("smart_scan", "0"),
            ("max_page_sharing", Number(options.MaxPageSharing)), ("merge_across_nodes", options.MergeAcrossNodes ? "1" : "0"),
            ("use_zero_pages", options.UseZeroPages ? "1" : "0"), ("run", "1"),
        ];
        yield return "# the fixed settings after a reboot too";
        yield return $"[ ! -d /etc/tmpfiles.d ] || : > {TmpfilesPath}";
        foreach ((string file, string value) in values)
        {
            yield return $"[ ! -d /etc/tmpfiles.d ] || echo 'w {Directory}{file} - - - - {value}' >> {TmpfilesPath}";
        }
    }

    private static IEnumerable<string> Marking(IReadOnlyCollection<SystemdUnit> units)
    {
        yield return "# and mark the memory: systemd units (254 and later), from their next start on";
        foreach (SystemdUnit unit in units.Where(unit => !unit.IsOfUser))
        {
            string directory = $"/etc/systemd/system/{unit.Name}.d";
            yield return $"mkdir -p '{directory}' && printf '[Service]\\nMemoryKSM=yes\\n' > '{directory}/ksm.conf'";
        }

        foreach (SystemdUnit unit in units.Where(unit => unit.IsOfUser))
        {
            yield return $"# as its user: systemctl --user edit '{unit.Name}', with [Service] and MemoryKSM=yes";
        }

        yield return units.Any(unit => !unit.IsOfUser)
            ? "[ ! -d /run/systemd/system ] || systemctl daemon-reload"
            : "# systemctl edit UNIT, with [Service] and MemoryKSM=yes";
        yield return "# or a program and all it starts: fastksm exec --merge -- COMMAND";
        yield return "# or in the program itself: prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0), which is 67; or madvise(start, length, MADV_MERGEABLE)";
    }

    private static string Set(string file, long value) => $"echo {Number(value)} > {Directory}{file}";

    private static string IfPresent(string file, string value) =>
        $"[ ! -e {Directory}{file} ] || echo {value} > {Directory}{file}";

    // Merged pages must go before the kernel takes another value, and they go when run is set to 2 from another value.
    private static string SetUnmerged(string file, string value) =>
        $"[ \"$(cat {Directory}{file})\" = {value} ] || {{ echo 0 > {Directory}run; echo 2 > {Directory}run; echo {value} > {Directory}{file}; }}";

    private static string IfPresentUnmerged(string file, string value) => $"[ ! -e {Directory}{file} ] || {SetUnmerged(file, value)}";

    // Twice the share that is needed leaves the advisor room for scans that find more to do; it never goes below 10 %.
    private static int AdvisorMaxCpu(ScanSettings settings) =>
        (int)Math.Clamp(Math.Ceiling(settings.CpuShare * 200), 10, 100);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
