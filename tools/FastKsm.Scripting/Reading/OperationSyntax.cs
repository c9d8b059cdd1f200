using System;
using System.Collections.Generic;

namespace FastKsm.Scripting.Reading;

/// <summary>How every operation is written; the words behind <c>usage:</c> in messages.</summary>
public static class OperationSyntax
{
    private static readonly string[] s_usages =
    [
        "machine [frames=N] [cpus=N] [nodes=N] [page_size=N] [content=page|fingerprint] [max_map_count=N] [zero_page_colours=N] [zero_frame_reads=on|off] [zero_frame_splits=on|off]",
        "ksm KNOB=VALUE…",
        "spawn PROCESS [group=NAME] [cpu=N]",
        "fork PARENT CHILD",
        "exec PROCESS",
        "exit PROCESS",
        "thread PROCESS N",
        "cpu PROCESS N",
        "idle N",
        "map PROCESS REGION PAGES [PROTECTION] [shared] [file] [huge] [noreserve] [at=ADDRESS|REGION[N]|any] [node=N]",
        "unmap PROCESS PAGES",
        "protect PROCESS PAGES PROTECTION",
        "advise PROCESS PAGES ADVICE",
        "remap PROCESS PAGES [SIZE] [maymove|move|to=ADDRESS|to=REGION[N]] [dontunmap] [as=REGION]",
        "brk PROCESS REGION SIZE",
        "lock PROCESS PAGES",
        "unlock PROCESS PAGES",
        "sync PROCESS PAGES",
        "userfault PROCESS PAGES write-protect|write-unprotect",
        "fill PROCESS PAGES same|unique CONTENT",
        "write PROCESS PAGE CONTENT",
        "poke PROCESS PAGE+OFFSET BYTE…",
        "read PROCESS PAGES",
        "populate PROCESS PAGES read|write",
        "pin PROCESS PAGES read|write|reference",
        "unpin PROCESS PAGES",
        "force-write PROCESS PAGE CONTENT",
        "direct-io PROCESS PAGES write|read CONTENT",
        "prctl PROCESS merge=on|off|set ARGUMENT…|get ARGUMENT…",
        "run 0|1|2",
        "scan [N]",
        "batch [N]",
        "advance DURATION",
        "advisor-cpu DURATION",
        "migrate PROCESS PAGES [node=N]",
        "pageout PROCESS PAGES",
        "reclaim GROUP PAGES",
        "limit GROUP PAGES|none [swap=PAGES|none]",
        "swapon DEVICE PAGES [kind=KIND] [priority=N] [bad=SLOTS] [last_page=N] [version=N] [magic=bad]",
        "swapoff DEVICE",
        "offline node=N",
        "online node=N",
        "expect [PROCESS.[REGION.]]COUNTER=|!=|<|<=|>|>=VALUE…",
        "expect-bytes PROCESS PAGES [same|unique] CONTENT, or PROCESS PAGE+OFFSET BYTE…",
        "expect-pinned PROCESS PAGE CONTENT",
        "remember-frame NAME PROCESS PAGE",
        "expect-same-frame PROCESS PAGE|@NAME PROCESS PAGE|@NAME",
        "expect-other-frame PROCESS PAGE|@NAME PROCESS PAGE|@NAME",
        "expect-mapcount PROCESS PAGES N",
        "expect-zero-frame PROCESS PAGES",
        "expect-page PROCESS PAGES [!]STATE…",
        "expect-vma PROCESS PAGES [!]FLAG…",
        "expect-events none|EVENT[(FIELD=VALUE,…)]…",
        "expect-error ERROR OPERATION",
    ];

    private static readonly Dictionary<string, string> s_byKeyword = Index();

    /// <summary>First words of all operations.</summary>
    public static IReadOnlyCollection<string> Keywords => s_byKeyword.Keys;

    /// <summary>How an operation is written, or null if there is none of this name.</summary>
    /// <param name="keyword">Its first word.</param>
    public static string? UsageOf(string keyword) => s_byKeyword.GetValueOrDefault(keyword);

    private static Dictionary<string, string> Index()
    {
        Dictionary<string, string> index = new(StringComparer.Ordinal);
        foreach (string usage in s_usages)
        {
            index.Add(usage[..usage.IndexOf(' ', StringComparison.Ordinal)], usage);
        }

        return index;
    }
}
