using System;
using System.Globalization;
using System.IO;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>How eager khugepaged is to put huge pages together that were taken apart.</summary>
/// <param name="IsOn">Whether it works at all.</param>
/// <param name="MostHoles">Pages of a huge page that may be absent or map the zero frame.</param>
/// <param name="PagesARound">Pages that it looks at in one round.</param>
/// <param name="SecondsBetweenRounds">Pause between rounds.</param>
internal readonly record struct KhugepagedSettings(bool IsOn, long MostHoles, long PagesARound, double SecondsBetweenRounds)
{
    private const string Directory = "/sys/kernel/mm/transparent_hugepage/";
    private const long PagesOfHugePage = 512;

    /// <summary>Whether a huge page that lost its zeroes is put together again.</summary>
    internal bool UndoesSplits => IsOn && MostHoles > 0;

    /// <summary>Huge pages that one round can put together.</summary>
    internal long HugePagesARound => Math.Max(PagesARound / PagesOfHugePage, 1);

    /// <summary>Reads them; off where the host has no huge pages.</summary>
    internal static KhugepagedSettings Read()
    {
        string enabled = ProcFile.TryReadText(Directory + "enabled") ?? "[never]";
        return new KhugepagedSettings(
            !enabled.Contains("[never]", StringComparison.Ordinal) && Number("defrag") != 0 && File.Exists(Directory + "khugepaged/max_ptes_none"),
            Number("max_ptes_none"),
            Number("pages_to_scan"),
            Number("scan_sleep_millisecs") / 1e3);
    }

    private static long Number(string file) =>
        long.TryParse(
            ProcFile.TryReadText(Directory + "khugepaged/" + file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long value)
            ? value
            : 0;
}
