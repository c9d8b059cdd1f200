using System.Globalization;
using System.IO;
using System.Text.Json;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Settling;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output;

/// <summary>The result as one JSON object; its keys are described in the README of this folder.</summary>
internal static class JsonReport
{
    /// <summary>Names the layout; a key may be added without changing it, never renamed or removed.</summary>
    internal const string Schema = "fastksm.evaluate/1";

    /// <summary>Writes the result.</summary>
    internal static void Write(EvaluationResult result, ScanPrice price, HostKsmCounters? host, OwnerKind? by, Stream output)
    {
        using (Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            WriteHost(json, result);
            json.WriteStartObject("knobs");
            json.WriteNumber("max_page_sharing", result.Options.MaxPageSharing);
            json.WriteNumber("use_zero_pages", result.Options.UseZeroPages ? 1 : 0);
            json.WriteNumber("merge_across_nodes", result.Options.MergeAcrossNodes ? 1 : 0);
            json.WriteBoolean("as_marked", result.Options.OnlyMarked);
            json.WriteNumber("observe_seconds", result.Options.Observe.TotalSeconds);
            json.WriteEndObject();
            WriteVerdict(json, Verdict.Of(result, host));
            WriteTotal(json, result, price);
            ObstaclesJson.Write(json, result);
            WriteImages(json, result.Images);
            CompressionReport.Write(json, result);
            TemplateReport.Write(json, result);
            if (by is { } kind)
            {
                WriteOwners(json, result, kind);
            }

            json.WriteStartArray("processes");
            foreach (ProcessForecast process in result.Processes)
            {
                WriteProcess(json, process, result.PageSize);
                json.Flush(); // A process may have 60,000 VMAs; hold the text of one, not of all.
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    private static void WriteHost(Utf8JsonWriter json, EvaluationResult result)
    {
        json.WriteStartObject("host");
        json.WriteString("kernel", result.Host.KernelRelease);
        json.WriteNumber("page_size", result.PageSize);
        json.WriteBoolean("ksm_present", result.Host.IsPresent);
        json.WriteBoolean("ksm_writable", result.Host.IsWritable);
        json.WriteNumber("ksm_run", result.Host.Run);
        json.WriteBoolean("settings_known", result.Host.SettingsAreKnown);
        json.WriteBoolean("frames_known", result.FramesAreKnown);
        if (result.Splits is { } splits)
        {
            json.WriteBoolean("huge_page_zeroes_go", splits.DropZeroes);
            json.WriteBoolean("huge_page_zeroes_probed", splits.IsProbed);
        }

        if (result.Nodes.Host is { } nodes)
        {
            json.WriteStartArray("nodes");
            foreach (int node in nodes.Nodes)
            {
                json.WriteNumberValue(node);
            }

            json.WriteEndArray();
            json.WriteNumber("pages_of_unknown_node", result.Nodes.UnknownPages);
        }

        json.WriteNumber("elapsed_seconds", result.Elapsed.TotalSeconds);
        if (result.Reading is { } reading)
        {
            json.WriteBoolean("own_pid_namespace", reading.Proc.IsOwnNamespace);
            json.WriteBoolean("ksm_flag_tells", reading.KsmBit.State == KsmBitState.Right);
            json.WriteNumber("longest_lock_seconds", reading.LongestLock.TotalSeconds);
        }

        json.WriteEndObject();
    }

    private static void WriteReading(Utf8JsonWriter json, EvaluationResult result, ReadingFacts reading)
    {
        json.WriteNumber("pinned_bytes", reading.PinnedBytes);
        json.WriteNumber("pinned_somewhere_bytes", reading.PinnedSomewhereBytes);
        json.WriteNumber("marked_vmas", reading.MarkedVmas);
        json.WriteStartObject("today");
        json.WriteNumber("ksm_merging_pages", reading.Today.MergingPages);
        json.WriteNumber("ksm_pages", reading.Today.KsmPages);
        json.WriteNumber("ksm_zero_pages", reading.Today.ZeroPages);
        json.WriteNumber("ksm_rmap_items", reading.Today.RmapItems);
        json.WriteNumber("saved", reading.Today.Saved(result.PageSize));
        json.WriteNumber("more", reading.Today.More(result.Total, result.PageSize));
        json.WriteEndObject();
        json.WriteStartObject("cannot_merge");
        json.WriteNumber("memfd", reading.Shared.Memfd);
        json.WriteNumber("shared_memory", reading.Shared.Shm);
        json.WriteNumber("files", reading.Shared.Files);
        json.WriteNumber("hugetlb", reading.Shared.HugeTlb);
        json.WriteNumber("device", reading.Shared.Device);
        json.WriteEndObject();
    }

    private static void WriteImages(Utf8JsonWriter json, ImageFacts? images)
    {
        if (images is not null)
        {
            json.WriteStartObject("images");
            json.WriteNumber("count", images.Count);
            json.WriteNumber("zeroes_left_out", images.ZeroesLeftOut);
            json.WriteNumber("pages_of_absent_files", images.PagesOfAbsentFiles);
            json.WriteNumber("pages_elsewhere", images.PagesElsewhere);
            json.WriteEndObject();
        }
    }

    private static void WriteVerdict(Utf8JsonWriter json, Verdict verdict)
    {
        json.WriteStartObject("verdict");
        json.WriteString("answer", VerdictWording.KeyOf(verdict.Kind));
        json.WriteNumber("saved", verdict.Saved);
        json.WriteBoolean("needs_choice", verdict.NeedsChoice);
        json.WriteNumber("host_loss", verdict.HostLoss);
        json.WriteEndObject();
    }

    private static void WriteTotal(Utf8JsonWriter json, EvaluationResult result, ScanPrice price)
    {
        json.WriteStartObject("total");
        json.WriteNumber("processes", result.Count(ReadStatus.Read));
        json.WriteNumber("processes_not_permitted", result.Count(ReadStatus.NotPermitted));
        json.WriteNumber("processes_exited", result.Count(ReadStatus.Exited));
        json.WriteNumber("kernel_threads", result.Count(ReadStatus.KernelThread));
        json.WriteNumber("zombies", result.Count(ReadStatus.Zombie));
        json.WriteNumber("processes_unsupported", result.Count(ReadStatus.Unsupported));
        json.WriteNumber("processes_blocked", result.Count(ReadStatus.Blocked));
        json.WriteNumber("processes_same_address_space", result.Count(ReadStatus.SameAddressSpace));
        json.WriteNumber("pages", result.Pages);
        json.WriteNumber("pages_left", result.PagesLeft);
        WriteForecast(json, result.Total, result.PageSize);
        if (result.Reading is { } reading)
        {
            WriteReading(json, result, reading);
        }

        json.WriteStartObject("worth_marking");
        WriteForecast(json, result.Marking, result.PageSize);
        json.WriteEndObject();
        WriteSettling(json, result, price);
        if (result.Range is { } range)
        {
            json.WriteStartObject("range");
            json.WriteStartObject("least");
            WriteForecast(json, range.Least, result.PageSize);
            json.WriteEndObject();
            json.WriteStartObject("most");
            WriteForecast(json, range.Most, result.PageSize);
            json.WriteEndObject();
            json.WriteEndObject();
        }


        json.WriteStartObject("scan");
        json.WriteNumber("cost_per_page_ns", price.SecondsPerPage * 1e9);
        json.WriteNumber("cost_per_page_low_ns", price.SecondsPerPage * 1e9 * ScanCost.LowShare);
        json.WriteNumber("cost_per_page_high_ns", price.SecondsPerPage * 1e9 * price.Cost.HighShare);
        json.WriteBoolean("machine_busy", price.Cost.IsBusy);
        json.WriteString("cost_source", price.Cost.Source);
        json.WriteNumber("pages", price.Pages);
        json.WriteNumber("pages_of_others", price.OtherPages);
        json.WriteNumber("timer_tick_ms", price.Tick.Length.TotalMilliseconds);
        json.WriteBoolean("smart_scan", result.Host.SmartScan);
        WriteSeconds(json, "scan_seconds_every_page", price.EveryPage.ScanSeconds);
        if (result.Host.AdvisorTargetSeconds is { } aim)
        {
            json.WriteNumber("advisor_target_scan_time", aim);
        }

        WriteSettings(json, price.Current);
        json.WriteEndObject();
        if (price.TargetSeconds is { } target)
        {
            json.WriteStartObject("target");
            json.WriteNumber("target_seconds", target);
            json.WriteBoolean("reachable", price.Target is not null);
            if (price.Target is not null)
            {
                WriteSettings(json, price.Target);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteSettling(Utf8JsonWriter json, EvaluationResult result, ScanPrice price)
    {
        SettlingForecast settling = result.Settling;
        json.WriteStartObject("settling");
        json.WriteNumber("scans", settling.Scans);
        json.WriteNumber("scans_with_smart_scan", settling.ScansWith(smartScan: true));
        json.WriteBoolean("counted", settling.IsCounted);
        json.WriteNumber("huge_pages", settling.HugePages);
        if (settling.WithZeroPages is { } scans)
        {
            json.WriteNumber("scans_with_use_zero_pages", scans);
        }

        WriteSeconds(json, "seconds", price.SettlingSeconds);
        json.WriteBoolean("smart_scan", result.Host.SmartScan);
        json.WriteStartArray("after");
        foreach (SettlingStage stage in settling.After)
        {
            json.WriteStartObject();
            json.WriteNumber("scans", stage.Scans);
            WriteForecast(json, stage.Forecast, result.PageSize);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteSeconds(Utf8JsonWriter json, string key, double seconds)
    {
        if (double.IsFinite(seconds))
        {
            json.WriteNumber(key, seconds);
        }
        else
        {
            json.WriteNull(key);
        }
    }

    private static void WriteOwners(Utf8JsonWriter json, EvaluationResult result, OwnerKind kind)
    {
        json.WriteString("by", Wording.KeyOf(kind));
        json.WriteStartArray("owners");
        foreach (OwnerForecast owner in OwnerForecast.Of(result, kind))
        {
            json.WriteStartObject();
            json.WriteString("owner", owner.Owner);
            json.WriteNumber("processes", owner.Processes);
            json.WriteNumber("processes_marked", owner.MarkedToday);
            json.WriteNumber("ksm_rmap_items", owner.Counts.RmapItems);
            json.WriteNumber("ksm_merging_pages", owner.Counts.Merging);
            json.WriteNumber("profit", owner.Profit);
            WriteCounts(json, owner.Counts);
            if (owner.Saving is { } saving)
            {
                json.WriteNumber("saved_within", saving.WithinPages * result.PageSize);
                json.WriteNumber("saved_across", saving.AcrossPages * result.PageSize);
                json.WriteNumber("pages_shared_with_owners", saving.SharedPages);
                json.WriteStartObject("one_more");
                json.WriteNumber("instances", saving.Instance.Instances);
                json.WriteNumber("unmerged", (long)saving.Instance.Unmerged(1, result.PageSize));
                json.WriteNumber("merged", (long)saving.Instance.Merged(1, result.PageSize));
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (result.Owners is { } owners)
        {
            json.WriteNumber("saved_within", owners.WithinPages * result.PageSize);
            json.WriteNumber("saved_across", owners.AcrossPages * result.PageSize);
        }
    }

    private static void WriteForecast(Utf8JsonWriter json, in MergeForecast forecast, long pageSize)
    {
        json.WriteNumber("pages_shared", forecast.PagesShared);
        json.WriteNumber("pages_sharing", forecast.PagesSharing);
        json.WriteNumber("pages_unshared", forecast.PagesUnshared);
        json.WriteNumber("pages_volatile", forecast.PagesVolatile);
        json.WriteNumber("ksm_zero_pages", forecast.KsmZeroPages);
        json.WriteNumber("stable_node_chains", forecast.StableNodeChains);
        json.WriteNumber("stable_node_dups", forecast.StableNodeDups);
        json.WriteNumber("rmap_items", forecast.RmapItems);
        json.WriteNumber("general_profit", forecast.GeneralProfit(pageSize));
        json.WriteNumber("memory_saved", forecast.MemorySaved(pageSize));
        json.WriteNumber("frames_before", forecast.FramesBefore);
        json.WriteNumber("frames_after", forecast.FramesAfter);
        json.WriteNumber("huge_page_zeroes", forecast.DroppedBySplit);
    }

    private static void WriteSettings(Utf8JsonWriter json, ScanSettings settings)
    {
        json.WriteNumber("pages_to_scan", settings.PagesToScan);
        json.WriteNumber("sleep_millisecs", settings.SleepMilliseconds);
        WriteSeconds(json, "scan_seconds", settings.ScanSeconds);

        json.WriteNumber("cpu_share", settings.CpuShare);
    }

    private static void WriteProcess(Utf8JsonWriter json, ProcessForecast process, long pageSize)
    {
        json.WriteStartObject();
        json.WriteNumber("pid", process.Process.Pid);
        json.WriteString("name", process.Process.Stat.Name);
        json.WriteString("command", process.Process.CommandLine);
        json.WriteNumber("user_id", process.Process.UserId);
        json.WriteString("status", Wording.KeyOf(process.Process.Status));
        if (process.Process.Reason is { } reason)
        {
            json.WriteString("reason", reason);
        }

        if (process.Process.SameAs != 0)
        {
            json.WriteNumber("same_as", process.Process.SameAs);
        }

        if (process.Process.Status == ReadStatus.Read)
        {
            json.WriteNumber("ksm_rmap_items", process.Counts.RmapItems);
            json.WriteNumber("ksm_zero_pages", process.KsmZeroPages);
            json.WriteNumber("ksm_merging_pages", process.Counts.Merging);
            json.WriteNumber("ksm_process_profit", process.ProcessProfit(pageSize));
            json.WriteBoolean("ksm_merge_any", process.Process.KsmMergeAny);
            json.WriteBoolean("ksm_mergeable", process.IsMarkedToday);
            json.WriteNumber("pages_left", process.Process.PagesLeft);
            json.WriteNumber("pinned_bytes", process.Process.PinnedBytes);
            json.WriteNumber("pinned_somewhere_bytes", process.Process.PinnedSomewhere);
            WriteCounts(json, process.Counts);
            json.WriteStartArray("vmas");
            foreach (VmaForecast vma in process.Vmas)
            {
                json.WriteStartObject();
                json.WriteString("start", vma.Vma.Start.ToString("x", CultureInfo.InvariantCulture));
                json.WriteString("end", vma.Vma.End.ToString("x", CultureInfo.InvariantCulture));
                json.WriteString("name", vma.Vma.Name);
                json.WriteString("eligibility", Wording.Of(vma.Eligibility));
                json.WriteBoolean("marked", vma.Vma.IsMarked);
                json.WriteBoolean("worth_marking", vma.IsWorthMarking);
                json.WriteNumber("profit", vma.Counts.Profit(pageSize));
                WriteCounts(json, vma.Counts);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteCounts(Utf8JsonWriter json, in PageCounts counts)
    {
        json.WriteNumber("pages", counts.Pages);
        json.WriteNumber("zero_pages", counts.ZeroContent);
        json.WriteNumber("huge_page_zeroes", counts.DroppedBySplit);
        json.WriteNumber("duplicates_inside", counts.DuplicatesInside);
        json.WriteNumber("duplicates_with_others", counts.DuplicatesWithOthers);
        json.WriteNumber("pages_changed", counts.Changed);
    }
}
