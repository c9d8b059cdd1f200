using System.Globalization;

namespace FastKsm;

/// <summary>What same-page merging has to do with one process: the lines of /proc/PID/ksm_stat.</summary>
public readonly record struct KsmStat
{
    /// <summary>Pages that the scanner keeps a record of (ksm_rmap_items).</summary>
    public long RmapItems { get; init; }

    /// <summary>Zero frames that merging has placed and that are still mapped (ksm_zero_pages).</summary>
    public long ZeroPages { get; init; }

    /// <summary>Merged pages, by the scanner's last visit (ksm_merging_pages).</summary>
    public long MergingPages { get; init; }

    /// <summary>Bytes of merged and zero pages, less 64 bytes for each record (ksm_process_profit).</summary>
    public long ProcessProfit { get; init; }

    /// <summary>Whether every compatible mapping is a candidate (ksm_merge_any).</summary>
    public bool MergeAny { get; init; }

    /// <summary>Whether a mapping is a candidate at this moment (ksm_mergeable).</summary>
    public bool Mergeable { get; init; }

    /// <summary>The lines of the file, each ended by a newline, as Linux writes them.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"ksm_rmap_items {RmapItems}\nksm_zero_pages {ZeroPages}\nksm_merging_pages {MergingPages}\nksm_process_profit {ProcessProfit}\nksm_merge_any: {Word(MergeAny)}\nksm_mergeable: {Word(Mergeable)}\n");

    private static string Word(bool value) => value ? "yes" : "no";
}
