using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output;

/// <summary>A verdict in words, its price, and the one thing to do next.</summary>
internal static class VerdictWording
{
    /// <summary>Unmerges all and gives the records back; 0 would only stop ksmd.</summary>
    private const string SwitchOff = "echo 2 > /sys/kernel/mm/ksm/run";

    private const string SwitchOn = "echo 1 > /sys/kernel/mm/ksm/run";

    /// <summary>The verdicts' names for programs.</summary>
    internal static IReadOnlyList<(string Key, VerdictKind Kind)> Keys { get; } =
    [
        ("worth_it", VerdictKind.WorthIt), ("not_worth_it", VerdictKind.NotWorthIt), ("switch_off", VerdictKind.SwitchOff),
    ];

    /// <summary>The first words: what is to be done.</summary>
    internal static string Lead(Verdict verdict) => verdict.Kind switch
    {
        VerdictKind.WorthIt => "Worth it:",
        VerdictKind.SwitchOff => "Switch it off:",
        _ => "Not worth it:",
    };

    /// <summary>The verdict's name for programs.</summary>
    internal static string KeyOf(VerdictKind kind) => Keys.First(known => known.Kind == kind).Key;

    /// <summary>Why.</summary>
    internal static string Reason(Verdict verdict, EvaluationResult result, HostKsmCounters? host)
    {
        double read = result.Pages * (double)result.PageSize;
        string processes = Wording.Plural(result.Count(ReadStatus.Read), "process", "processes");
        if (verdict.Kind == VerdictKind.SwitchOff && host is { GeneralProfit: { } profit })
        {
            long records = (((host.PagesSharing + host.KsmZeroPages) * result.PageSize) - profit) / MergeForecast.RmapItemBytes;
            return $"KSM costs this host {Wording.Bytes(verdict.HostLoss)} more than it gives: {Wording.Count(records)} records for "
                + $"{Wording.Count(host.PagesSharing)} pages saved (general_profit {Wording.Count(profit)}). "
                + (verdict.Saved > 0
                    ? $"What was read would save {Wording.Bytes(verdict.Saved)}, which is too little."
                    : $"In {processes} ({Wording.Bytes(read)} read) nothing is to be won.");
        }

        if (ReadingNotes.Today(result) is { Length: > 0 } today)
        {
            return $"{today} In {processes}, {Wording.Bytes(read)} read.";
        }

        if (verdict.Saved <= 0)
        {
            double records = result.Total.RmapItems * (double)MergeForecast.RmapItemBytes;
            return $"nothing would be saved in {processes} ({Wording.Bytes(read)} read): ksmd's records take "
                + $"{Wording.Bytes(records)}, {Wording.Bytes(-verdict.Saved)} more than merging gives back.";
        }

        string only = verdict.Kind == VerdictKind.WorthIt ? string.Empty : "only ";
        string choice = verdict.NeedsChoice ? " if only the VMAs worth it are marked" : string.Empty;
        return $"{only}{Wording.Bytes(verdict.Saved)} of {Wording.Bytes(read)} ({Wording.Percent(verdict.Saved / read)}) would be saved in "
            + $"{processes}{choice}.";
    }

    /// <summary>What it costs. Empty where nothing would be scanned.</summary>
    internal static string Price(EvaluationResult result, ScanPrice price)
    {
        if (result.Total.RmapItems == 0)
        {
            return string.Empty;
        }

        string records = Wording.Bytes(result.Total.RmapItems * (double)MergeForecast.RmapItemBytes);
        string today = SettingsReport.Today(result, price);
        return $"{char.ToLowerInvariant(today[0])}{today[1..]} {records} for ksmd's records are taken off above.";
    }

    /// <summary>What to do next; <c>Command</c> is empty where there is nothing to do.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <param name="selection">The options that name the processes, as a shell takes them.</param>
    /// <param name="linesFollow">Whether this report ends with lines to paste.</param>
    internal static (string Command, string Text) Next(Verdict verdict, string selection, bool linesFollow) => verdict switch
    {
        { Kind: VerdictKind.SwitchOff } => (SwitchOff, "as root"),
        { Kind: VerdictKind.NotWorthIt } => (string.Empty, "leave merging off for them."),
        { IsOn: true } => (string.Empty, "nothing; it is on for all of them."),
        { NeedsChoice: true } => ($"fastksm evaluate {selection} --vmas", "for the ranges worth it"),
        { IsMarked: true, IsOn: false } when !linesFollow => (SwitchOn, "as root, since the memory is marked already"),
        _ when linesFollow => (string.Empty, "the lines at the end, as root."),
        _ => ($"fastksm evaluate {selection} --target-scan-time 3m", "for the lines to paste"),
    };
}
