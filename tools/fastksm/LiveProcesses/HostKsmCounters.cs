using System.Globalization;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>What KSM does on the whole host at this moment, by the kernel's own counters.</summary>
/// <param name="IsMerging">Whether ksmd runs.</param>
/// <param name="FullScans">Full scans since boot.</param>
/// <param name="PagesSharing">Further addresses on KSM pages.</param>
/// <param name="KsmZeroPages">Addresses on the zero frame by KSM; 0 where the kernel does not count them.</param>
/// <param name="GeneralProfit">Bytes saved less bytes of records; null where the kernel does not say (before Linux 6.4).</param>
internal sealed record HostKsmCounters(
    bool IsMerging, long FullScans, long PagesSharing, long KsmZeroPages, long? GeneralProfit)
{
    private const string Directory = "/sys/kernel/mm/ksm/";

    /// <summary>Reads them. Null where the host has no KSM, or does not show it.</summary>
    internal static HostKsmCounters? TryRead()
    {
        if (Number("run") is not { } run || Number("pages_sharing") is not { } sharing)
        {
            return null;
        }

        return new HostKsmCounters(
            run == 1, Number("full_scans") ?? 0, sharing, Number("ksm_zero_pages") ?? 0, Number("general_profit"));
    }

    private static long? Number(string file) =>
        long.TryParse(
            ProcFile.TryReadText(Directory + file),
            NumberStyles.AllowLeadingSign | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture,
            out long value)
            ? value
            : null;
}
