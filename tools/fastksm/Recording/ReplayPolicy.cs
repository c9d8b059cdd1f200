using System.Collections.Generic;

namespace FastKsm.Cli.Recording;

/// <summary>How ksmd is set up in a replay.</summary>
/// <param name="Name">For the heading of a column.</param>
/// <param name="Settings">File under /sys/kernel/mm/ksm and value, in the order in which they are written.</param>
internal sealed record ReplayPolicy(string Name, IReadOnlyList<(string File, string Value)> Settings)
{
    /// <summary>Files that may be set; all others are Linux's defaults.</summary>
    internal static IReadOnlyList<string> Files { get; } =
    [
        "advisor_max_cpu", "advisor_max_pages_to_scan", "advisor_min_pages_to_scan", "advisor_mode", "advisor_target_scan_time",
        "max_page_sharing", "pages_to_scan", "sleep_millisecs", "smart_scan", "use_zero_pages",
    ];

    /// <summary>As the host was set up, Linux's default without and with smart scan, and with the advisor.</summary>
    internal static IReadOnlyList<ReplayPolicy> Usual(RecordedSettings host)
    {
        (string, string)[] common = [("max_page_sharing", $"{host.MaxPageSharing}"), ("use_zero_pages", host.UseZeroPages ? "1" : "0")];
        return
        [
            new("as recorded", [
                .. common, ("pages_to_scan", $"{host.PagesToScan}"), ("sleep_millisecs", $"{host.SleepMilliseconds}"),
                ("smart_scan", host.SmartScan ? "1" : "0"),
                .. host.AdvisorTargetSeconds > 0
                    ? [("advisor_target_scan_time", $"{host.AdvisorTargetSeconds}"), ("advisor_mode", "scan-time")]
                    : System.Array.Empty<(string, string)>(),
            ]),
            new("plain", [.. common, ("smart_scan", "0")]),
            new("smart scan", [.. common, ("smart_scan", "1")]),
            new("advisor", [.. common, ("smart_scan", "1"), ("advisor_mode", "scan-time")]),
        ];
    }
}
