using System.Collections.Generic;

namespace FastKsm.Scripting.Running;

/// <summary>Counters that scripts may ask for, whether or not a performer has them: Linux's names and a few of ours.</summary>
public static class KnownCounters
{
    private static readonly string[] s_files =
    [
        "run", "pages_to_scan", "sleep_millisecs", "merge_across_nodes", "use_zero_pages", "smart_scan", "max_page_sharing",
        "stable_node_chains_prune_millisecs", "advisor_mode", "advisor_max_cpu", "advisor_min_pages_to_scan",
        "advisor_max_pages_to_scan", "advisor_target_scan_time", "pages_scanned", "pages_shared", "pages_sharing",
        "pages_unshared", "pages_volatile", "pages_skipped", "full_scans", "ksm_zero_pages", "general_profit",
        "stable_node_chains", "stable_node_dups",
    ];

    private static readonly string[] s_machine =
    [
        // ksm_rmap_items is the kernel's own sum over all processes.
        .. s_files, "ksm_rmap_items",

        // /proc/vmstat.
        "cow_ksm", "ksm_swpin_copy", "nr_free_pages", "pgfault", "pgmajfault", "pswpin", "pswpout", "swpin_zero",
        "swpout_zero", "swap_ra", "swap_ra_hit", "nr_tlb_remote_flush", "nr_tlb_remote_flush_received",
        "nr_tlb_local_flush_all", "nr_tlb_local_flush_one", "pgscan_kswapd", "pgscan_direct", "pgsteal_kswapd",
        "pgsteal_direct", "pgscan_anon", "pgscan_file", "pgsteal_anon", "pgsteal_file", "pgscan_direct_throttle",
        "pgactivate", "pgdeactivate", "pgrefill", "pgrotated", "pglazyfree", "pglazyfreed", "pageoutrun",
        "kswapd_low_wmark_hit_quickly", "kswapd_high_wmark_hit_quickly", "workingset_refault_anon",
        "workingset_refault_file", "workingset_activate_anon", "workingset_activate_file", "workingset_restore_anon",
        "workingset_restore_file", "workingset_nodes", "workingset_nodereclaim", "nr_isolated_anon", "nr_isolated_file",
        "nr_vmscan_write", "nr_vmscan_immediate_reclaim", "pgmigrate_success", "pgmigrate_fail", "thp_split_page",
        "thp_split_pmd", "thp_swpout", "thp_swpout_fallback",

        // Ours: of shootdowns, which Linux does not count.
        "ipi_sent", "ipi_coalesced", "flush_noop", "shootdown_useful", "batched_pending_flush",
    ];

    private static readonly string[] s_process =
    [
        // /proc/PID/ksm_stat.
        "ksm_rmap_items", "ksm_zero_pages", "ksm_merging_pages", "ksm_process_profit", "ksm_merge_any", "ksm_mergeable",

        // /proc/PID/status and stat; kB where Linux says kB. map_count is the number of lines in maps.
        "VmSize", "VmLck", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap", "map_count", "minflt", "majflt",
    ];

    // /proc/PID/smaps, in kB; vma_count is the number of its entries.
    private static readonly string[] s_region =
    [
        "Size", "Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
        "KSM", "LazyFree", "AnonHugePages", "Swap", "SwapPss", "Locked", "vma_count",
    ];

    /// <summary>Files of /sys/kernel/mm/ksm, knobs and counters.</summary>
    public static IReadOnlyList<string> Files => s_files;

    /// <summary>Names of one scope.</summary>
    /// <param name="scope">Of what.</param>
    public static IReadOnlyList<string> Of(CounterScope scope) => scope switch
    {
        CounterScope.Machine => s_machine,
        CounterScope.Process => s_process,
        _ => s_region,
    };
}
