using System.Diagnostics.Tracing;

namespace FastKsm.Diagnostics;

/// <summary>The event source "FastKsm": Linux's tracepoints of same-page merging, for dotnet-trace, PerfView and listeners.</summary>
/// <remarks>
/// Names, fields and their order are the kernel's (include/trace/events/ksm.h), and so is the width of a field; behind them
/// stands the number of the machine, since a process may have several. Thread safety: all members may be called concurrently.
/// </remarks>
[EventSource(Name = "FastKsm")]
internal sealed class KsmEventSource : EventSource
{
    /// <summary>The one instance.</summary>
    internal static readonly KsmEventSource Log = new();

    private KsmEventSource()
    {
    }

#pragma warning disable IDE1006 // Listeners see the names of methods and parameters: they are the kernel's.
    /// <summary>A full scan begins.</summary>
    [Event(1)]
    public void ksm_start_scan(int seq, uint rmap_entries, int machine) => WriteEvent(1, [seq, rmap_entries, machine]);

    /// <summary>A full scan is complete.</summary>
    [Event(2)]
    public void ksm_stop_scan(int seq, uint rmap_entries, int machine) => WriteEvent(2, [seq, rmap_entries, machine]);

    /// <summary>An address space is registered.</summary>
    [Event(3)]
    public void ksm_enter(ulong mm, int machine) => WriteEvent(3, [mm, machine]);

    /// <summary>A registered address space is going away.</summary>
    [Event(4)]
    public void ksm_exit(ulong mm, int machine) => WriteEvent(4, [mm, machine]);

    /// <summary>An attempt to put the zero frame in a page's place.</summary>
    [Event(5)]
    public void ksm_merge_one_page(ulong pfn, ulong rmap_item, ulong mm, int err, int machine) =>
        WriteEvent(5, [pfn, rmap_item, mm, err, machine]);

    /// <summary>An attempt to merge a page, or to make its frame a merged one.</summary>
    [Event(6)]
    public void ksm_merge_with_ksm_page(ulong ksm_page, ulong pfn, ulong rmap_item, ulong mm, int err, int machine) =>
        WriteEvent(6, [ksm_page, pfn, rmap_item, mm, err, machine]);

    /// <summary>A stable node is discarded.</summary>
    [Event(7)]
    public void ksm_remove_ksm_page(ulong pfn, int machine) => WriteEvent(7, [pfn, machine]);

    /// <summary>An item of a discarded stable node.</summary>
    [Event(8)]
    public void ksm_remove_rmap_item(ulong pfn, ulong rmap_item, ulong mm, int machine) =>
        WriteEvent(8, [pfn, rmap_item, mm, machine]);

    /// <summary>What the advisor found.</summary>
    [Event(9)]
    public void ksm_advisor(long scan_time, ulong pages_to_scan, uint cpu_percent, int machine) =>
        WriteEvent(9, [scan_time, pages_to_scan, cpu_percent, machine]);
#pragma warning restore IDE1006

    /// <summary>Writes an event.</summary>
    [NonEvent]
    internal void Write(in KsmEvent what, int machine)
    {
        switch (what.Kind)
        {
            case KsmEventKind.StartScan:
                ksm_start_scan((int)what[0], (uint)what[1], machine);
                break;
            case KsmEventKind.StopScan:
                ksm_stop_scan((int)what[0], (uint)what[1], machine);
                break;
            case KsmEventKind.Enter:
                ksm_enter((ulong)what[0], machine);
                break;
            case KsmEventKind.Exit:
                ksm_exit((ulong)what[0], machine);
                break;
            case KsmEventKind.MergeOnePage:
                ksm_merge_one_page((ulong)what[0], (ulong)what[1], (ulong)what[2], (int)what[3], machine);
                break;
            case KsmEventKind.MergeWithKsmPage:
                ksm_merge_with_ksm_page((ulong)what[0], (ulong)what[1], (ulong)what[2], (ulong)what[3], (int)what[4], machine);
                break;
            case KsmEventKind.RemoveKsmPage:
                ksm_remove_ksm_page((ulong)what[0], machine);
                break;
            case KsmEventKind.RemoveRmapItem:
                ksm_remove_rmap_item((ulong)what[0], (ulong)what[1], (ulong)what[2], machine);
                break;
            default:
                ksm_advisor(what[0], (ulong)what[1], (uint)what[2], machine);
                break;
        }
    }
}
