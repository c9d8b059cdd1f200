using System;
using System.Collections.Generic;

namespace FastKsm.Scripting.Reading;

/// <summary>How every operation is written; the words behind <c>usage:</c> in messages.</summary>
public static class OperationSyntax
{
    private static readonly OperationForm[] s_forms =
    [
        new(
            "machine [frames=N] [cpus=N] [nodes=N] [page_size=N] [content=page|fingerprint] [max_map_count=N] [zero_page_colours=N] [zero_frame_reads=on|off] [zero_frame_splits=on|off] [merge_flushes=each|batched]",
            "machine frames=1024 nodes=2",
            "A machine of that make; first, or not at all."),
        new("ksm KNOB=VALUE…", "ksm max_page_sharing=4 use_zero_pages=1", "Writes files of /sys/kernel/mm/ksm."),
        new("spawn PROCESS [group=NAME] [cpu=N]", "spawn A", "A process with nothing mapped."),
        new("fork PARENT CHILD", "fork A B", "B is a child of A and knows its regions."),
        new("exec PROCESS", "exec A", "A starts another program: its memory goes."),
        new("exit PROCESS", "exit A", "A ends."),
        new("thread PROCESS N", "thread A 1", "Another thread of A acts from now on; the next number begins one."),
        new("cpu PROCESS N", "cpu A 1", "The thread of A that acts runs on that CPU from now on."),
        new("idle N", "idle 0", "A CPU goes idle and keeps its translations."),
        new(
            "map PROCESS REGION PAGES [PROTECTION] [shared] [file] [huge] [noreserve] [at=ADDRESS|REGION[N]|any] [node=N]",
            "map A heap 16",
            "Maps 16 private anonymous pages, readable and writable."),
        new("unmap PROCESS PAGES", "unmap A heap[0..3]", "Unmaps pages."),
        new("protect PROCESS PAGES PROTECTION", "protect A heap ro", "Sets what may be done with pages (mprotect)."),
        new("advise PROCESS PAGES ADVICE", "advise A heap mergeable", "Gives an advice of madvise."),
        new(
            "remap PROCESS PAGES [SIZE] [maymove|move|to=ADDRESS|to=REGION[N]] [dontunmap] [as=REGION]",
            "remap A heap 32 maymove",
            "Resizes or moves (mremap)."),
        new("brk PROCESS REGION SIZE", "brk A heap 8", "Sets the end of the program's own heap."),
        new("lock PROCESS PAGES", "lock A heap", "Locks pages into memory."),
        new("unlock PROCESS PAGES", "unlock A heap", "Unlocks them."),
        new("sync PROCESS PAGES", "sync A heap", "Writes pages of a file back (msync)."),
        new(
            "userfault PROCESS PAGES write-protect|write-unprotect",
            "userfault A heap write-protect",
            "Write-protects pages by userfaultfd."),
        new(
            "fill PROCESS PAGES same|unique CONTENT",
            "fill A heap[0..9] same 7",
            "Writes whole pages: one content, or another one for each page."),
        new("write PROCESS PAGE CONTENT", "write A heap[3] 8", "Writes one page with a content."),
        new("poke PROCESS PAGE+OFFSET BYTE…", "poke A heap[3]+128 0xff", "Writes single bytes."),
        new("read PROCESS PAGES", "read A heap", "Touches pages."),
        new("populate PROCESS PAGES read|write", "populate A heap write", "Makes pages present (MADV_POPULATE)."),
        new(
            "pin PROCESS PAGES read|write|reference",
            "pin A heap[0] write",
            "Lends a page to a device, or to a pipe."),
        new("unpin PROCESS PAGES", "unpin A heap[0]", "Takes it back."),
        new(
            "force-write PROCESS PAGE CONTENT",
            "force-write A heap[3] 8",
            "Writes as a debugger does, also what is read-only."),
        new(
            "direct-io PROCESS PAGES write|read CONTENT",
            "direct-io A heap[0] read 9",
            "Direct input or output of a page."),
        new(
            "prctl PROCESS merge=on|off|set ARGUMENT…|get ARGUMENT…",
            "prctl A merge=on",
            "Merging for all memory of a process."),
        new("run 0|1|2", "run 2", "Writes to run: 0 stops ksmd, 1 starts it, 2 unmerges all."),
        new("scan [N]", "scan 2", "ksmd goes round so many times."),
        new("batch [N]", "batch 10", "ksmd wakes up so many times, for pages_to_scan pages each."),
        new("advance DURATION", "advance 250ms", "Model time passes; it stands still otherwise."),
        new(
            "advisor-cpu DURATION",
            "advisor-cpu 9.697s",
            "ksmd has used so much more CPU time; only the advisor looks at it."),
        new("migrate PROCESS PAGES [node=N]", "migrate A heap[0] node=1", "Moves the frame behind a page."),
        new("pageout PROCESS PAGES", "pageout A heap", "Pages out to swap."),
        new("reclaim GROUP PAGES", "reclaim A 32", "A memory cgroup gives back pages."),
        new("limit GROUP PAGES|none [swap=PAGES|none]", "limit A 64 swap=none", "Limits a memory cgroup."),
        new(
            "swapon DEVICE PAGES [kind=KIND] [priority=N] [bad=SLOTS] [last_page=N] [version=N] [magic=bad]",
            "swapon swap0 1024 kind=zram",
            "Adds a swap device."),
        new("swapoff DEVICE", "swapoff swap0", "Takes it away."),
        new("offline node=N", "offline node=1", "Takes a memory node away."),
        new("online node=N", "online node=1", "Brings it back."),
        new(
            "expect [PROCESS.[REGION.]]COUNTER=|!=|<|<=|>|>=VALUE…",
            "expect pages_sharing=9 A.ksm_merging_pages>=10",
            "Counters must be so."),
        new(
            "expect-bytes PROCESS PAGES [same|unique] CONTENT, or PROCESS PAGE+OFFSET BYTE…",
            "expect-bytes A heap[3] 8",
            "Contents must be so."),
        new("expect-pinned PROCESS PAGE CONTENT", "expect-pinned A heap[0] 8", "What the borrower of a page sees."),
        new(
            "remember-frame NAME PROCESS PAGE",
            "remember-frame before A heap[1]",
            "Gives a name to the frame behind a page."),
        new(
            "expect-same-frame PROCESS PAGE|@NAME PROCESS PAGE|@NAME",
            "expect-same-frame A heap[0] B heap[0]",
            "Two pages must have one frame."),
        new(
            "expect-other-frame PROCESS PAGE|@NAME PROCESS PAGE|@NAME",
            "expect-other-frame @before A heap[1]",
            "Two pages must have two frames."),
        new("expect-mapcount PROCESS PAGES N", "expect-mapcount A heap[0..9] 10", "So many mappings of the frame."),
        new("expect-zero-frame PROCESS PAGES", "expect-zero-frame A heap", "Pages must be mapped to a zero frame."),
        new("expect-page PROCESS PAGES [!]STATE…", "expect-page A heap[0] ksm !zero", "States of pages."),
        new("expect-vma PROCESS PAGES [!]FLAG…", "expect-vma A heap mg", "Flags of the VMA, as in smaps."),
        new(
            "expect-events none|EVENT[(FIELD=VALUE,…)]…",
            "expect-events ksm_start_scan ksm_stop_scan",
            "Events since the last such check."),
        new(
            "expect-flushes PROCESS|ksmd none|[N*][local:]r(STRIDES)|F…",
            "expect-flushes A F 64*r(1)",
            "Flush operations by which the last operation invalidated translations."),
        new(
            "expect-error ERROR OPERATION",
            "expect-error EINVAL ksm use_zero_pages=2",
            "The operation must be refused so."),
        new(
            "print [PROCESS.[REGION.]]COUNTER…",
            "print pages_shared pages_sharing A.ksm_merging_pages",
            "Shows counters; `fastksm run` prints a line, `conform` nothing."),
    ];

    private static readonly Dictionary<string, OperationForm> s_byKeyword = Index();

    /// <summary>All operations, in the order of the grammar.</summary>
    public static IReadOnlyList<OperationForm> Forms => s_forms;

    /// <summary>First words of all operations.</summary>
    public static IReadOnlyCollection<string> Keywords => s_byKeyword.Keys;

    /// <summary>How an operation is written, or null if there is none of this name.</summary>
    /// <param name="keyword">Its first word.</param>
    public static string? UsageOf(string keyword) => s_byKeyword.GetValueOrDefault(keyword)?.Usage;

    private static Dictionary<string, OperationForm> Index()
    {
        Dictionary<string, OperationForm> index = new(StringComparer.Ordinal);
        foreach (OperationForm form in s_forms)
        {
            index.Add(form.Keyword, form);
        }

        return index;
    }
}
