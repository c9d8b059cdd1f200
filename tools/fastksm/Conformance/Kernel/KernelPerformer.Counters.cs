using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using PageRun = FastKsm.Scripting.Running.PageRun;

namespace FastKsm.Cli.Conformance.Kernel;

/// <content>Counters.</content>
internal sealed partial class KernelPerformer
{
    // By which general_profit reckons an item.
    private const int RmapItemBytes = 64;

    private static readonly string[] s_files =
    [
        "run", "pages_to_scan", "sleep_millisecs", "merge_across_nodes", "use_zero_pages", "smart_scan", "max_page_sharing",
        "stable_node_chains_prune_millisecs", "advisor_mode", "advisor_max_cpu", "advisor_min_pages_to_scan",
        "advisor_max_pages_to_scan", "advisor_target_scan_time", "pages_scanned", "pages_shared", "pages_sharing",
        "pages_unshared", "pages_volatile", "pages_skipped", "full_scans", "ksm_zero_pages", "general_profit",
        "stable_node_chains", "stable_node_dups",
    ];

    private static readonly string[] s_process =
    [
        "ksm_rmap_items", "ksm_zero_pages", "ksm_merging_pages", "ksm_process_profit", "ksm_merge_any", "ksm_mergeable",
        "VmSize", "VmLck", "VmRSS", "RssAnon", "VmSwap", "map_count",
    ];

    private static readonly string[] s_region =
    [
        "Size", "Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
        "KSM", "LazyFree", "AnonHugePages", "Swap", "SwapPss", "Locked", "vma_count",
    ];

    private long _pagesScanned;
    private long _pagesSkipped;
    private long _zeroPages; // Those of processes that are none of the script's, or that the kernel has lost count of.
    private long _copied;

    // Nobody maps a page at the start of a script: these are pages that the kernel has lost count of since it booted.
    private long _swapCopied;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> CounterNames(CounterScope scope) => scope switch
    {
        CounterScope.Machine => [.. s_files, "ksm_rmap_items", "cow_ksm", "ksm_swpin_copy"],
        CounterScope.Process => s_process,
        _ => s_region,
    };

    /// <inheritdoc/>
    public bool TryReadCounter(string counter, out CounterValue value)
    {
        CounterValue? found = counter switch
        {
            "run" => CounterValue.Of(_run),
            "sleep_millisecs" => CounterValue.Of(_sleep),
            "pages_scanned" => CounterValue.Of(_session.Number(counter) - _pagesScanned),
            "pages_skipped" => CounterValue.Of(_session.Number(counter) - _pagesSkipped),
            "ksm_zero_pages" => CounterValue.Of(_session.Number(counter) - _zeroPages),
            "general_profit" => CounterValue.Of(_session.Number(counter) - (_zeroPages * PageSize)),
            "advisor_mode" => new CounterValue(0, _session.Text(counter)),
            "cow_ksm" => CounterValue.Of(VmStat(counter) - _copied),
            "ksm_swpin_copy" => CounterValue.Of(VmStat(counter) - _swapCopied),
            "ksm_rmap_items" => CounterValue.Of(RmapItems()),
            _ when s_files.Contains(counter, StringComparer.Ordinal) => CounterValue.OfFile(_session.Text(counter)),
            _ => null,
        };
        value = found ?? default;
        return found is not null;
    }

    /// <inheritdoc/>
    public bool TryReadCounter(int process, string counter, out CounterValue value)
    {
        KernelProcess who = Process(process);
        if (counter.StartsWith("ksm_", StringComparison.Ordinal))
        {
            string? text = who.KsmStat(counter);
            value = text is null ? default
                : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
                ? CounterValue.Of(number)
                : new CounterValue(0, text);
            return text is not null;
        }

        // Those of the script's VMAs only: the agent's program has some of its own.
        long? sum = counter switch
        {
            "VmSize" => Sum(who.Vmas(), "Size"),
            "VmLck" => Sum(who.Vmas().Where(vma => vma.AllFlags.Contains("lo", StringComparer.Ordinal)), "Size"),
            "VmRSS" => Sum(who.Vmas(), "Rss"),
            "RssAnon" => Sum(who.Vmas(), "Anonymous"),
            "VmSwap" => Sum(who.Vmas(), "Swap"),
            "map_count" => who.Vmas().Count,
            _ => null,
        };
        value = CounterValue.Of(sum ?? 0);
        return sum is not null;
    }

    /// <inheritdoc/>
    public bool TryReadCounter(int process, PageRun region, string counter, out CounterValue value)
    {
        value = default;
        if (!s_region.Contains(counter, StringComparer.Ordinal))
        {
            return false;
        }

        IReadOnlyList<KernelVma> vmas =
            Process(process).Vmas(region.Address, region.Address + BytesOf(region.Pages));
        value = CounterValue.Of(counter is "vma_count" ? vmas.Count : Sum(vmas, counter));
        return true;
    }

    private static long Sum(IEnumerable<KernelVma> vmas, string line) => vmas.Sum(vma => vma.Number(line));

    private static long VmStat(string line) => StatusFields.Number(ProcFile.TryReadText("/proc/vmstat") ?? string.Empty, line);

    // The kernel shows their number only in the profit that they lessen.
    private long RmapItems() =>
        (((_session.Number("pages_sharing") + _session.Number("ksm_zero_pages")) * PageSize) - _session.Number("general_profit"))
        / RmapItemBytes;
}
