using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Engine;

/// <content>Counters.</content>
public sealed partial class EnginePerformer
{
    private const int KibiByte = 1024;

    private static readonly string[] s_machineCounters = ["cow_ksm", "ksm_rmap_items", "nr_free_pages", .. Ksm.Files];

    private static readonly string[] s_processCounters =
    [
        "VmSize", "VmLck", "VmRSS", "RssAnon", "VmSwap", "map_count", "ksm_rmap_items", "ksm_zero_pages", "ksm_merging_pages",
        "ksm_process_profit", "ksm_merge_any", "ksm_mergeable",
    ];

    private static readonly string[] s_regionCounters =
    [
        "Size", "Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
        "KSM", "AnonHugePages", "Locked", "vma_count",
    ];

    /// <inheritdoc/>
    public IReadOnlyCollection<string> CounterNames(CounterScope scope) => scope switch
    {
        CounterScope.Machine => s_machineCounters,
        CounterScope.Process => s_processCounters,
        _ => s_regionCounters,
    };

    /// <inheritdoc/>
    public bool TryReadCounter(string counter, out CounterValue value)
    {
        long? number = counter switch
        {
            "cow_ksm" => Started.CowKsm,
            "ksm_rmap_items" => Started.Ksm.Counters.RmapItems,
            "nr_free_pages" => Started.FreeFrames,
            _ => null,
        };
        if (number is null && Ksm.Files.Contains(counter, StringComparer.Ordinal))
        {
            value = CounterValue.OfFile(Started.Ksm.Read(counter));
            return true;
        }

        value = CounterValue.Of(number ?? 0);
        return number is not null;
    }

    /// <inheritdoc/>
    public bool TryReadCounter(int process, string counter, out CounterValue value)
    {
        ModelProcess who = _processes[process].Process;
        CounterValue? found = counter switch
        {
            "VmSize" => CounterValue.Of((long)(who.MappedBytes / KibiByte)),
            "VmLck" => CounterValue.Of((long)(who.LockedBytes / KibiByte)),
            "VmRSS" => CounterValue.Of((who.ResidentAnonymousPages + who.ResidentBackedPages) * (PageSize / KibiByte)),
            "RssAnon" => CounterValue.Of(who.ResidentAnonymousPages * (PageSize / KibiByte)),
            "VmSwap" => CounterValue.Of(who.SwappedPages * (PageSize / KibiByte)),
            "map_count" => CounterValue.Of(who.MapCount),
            "ksm_rmap_items" => CounterValue.Of(who.KsmStat.RmapItems),
            "ksm_zero_pages" => CounterValue.Of(who.KsmStat.ZeroPages),
            "ksm_merging_pages" => CounterValue.Of(who.KsmStat.MergingPages),
            "ksm_process_profit" => CounterValue.Of(who.KsmStat.ProcessProfit),
            "ksm_merge_any" => CounterValue.Of(who.MergesAnything),
            "ksm_mergeable" => CounterValue.Of(who.KsmStat.Mergeable),
            _ => null,
        };
        value = found ?? default;
        return found is not null;
    }

    /// <inheritdoc/>
    public bool TryReadCounter(int process, PageRun region, string counter, out CounterValue value)
    {
        PageUsage usage = _processes[process].Process.UsageOf(region.Address, BytesOf(region.Pages));
        long? bytes = counter switch
        {
            "Size" => usage.Size,
            "Rss" => usage.Rss,
            "Pss" => usage.Pss,
            "Shared_Clean" => usage.SharedClean,
            "Shared_Dirty" => usage.SharedDirty,
            "Private_Clean" => usage.PrivateClean,
            "Private_Dirty" => usage.PrivateDirty,
            "Referenced" => usage.Referenced,
            "Anonymous" => usage.Anonymous,
            "KSM" => usage.Ksm,
            "AnonHugePages" => usage.AnonHugePages,
            "Locked" => usage.Locked,
            "vma_count" => usage.Mappings * KibiByte,
            _ => null,
        };
        value = CounterValue.Of((bytes ?? 0) / KibiByte);
        return bytes is not null;
    }
}
