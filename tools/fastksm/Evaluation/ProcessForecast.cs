using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>One process in the result of an evaluation.</summary>
/// <param name="Process">Identity and status.</param>
/// <param name="Counts">What becomes of its pages; KSM's zero pages of today are in <see cref="KsmZeroPages"/> only.</param>
/// <param name="Vmas">Its VMAs, ascending.</param>
internal sealed record ProcessForecast(LiveProcess Process, PageCounts Counts, IReadOnlyList<VmaForecast> Vmas)
{
    /// <summary>Linux's <c>ksm_zero_pages</c> of the process: placed by the forecast, and placed already.</summary>
    internal long KsmZeroPages => Counts.PlacedZero + Process.KsmZeroPages;

    /// <summary>Linux's <c>ksm_mergeable</c>: whether any of its VMAs is marked now.</summary>
    internal bool IsMarkedToday => Vmas.Any(vma => vma.Vma.IsMarked);

    /// <summary>Linux's <c>ksm_process_profit</c>, in bytes.</summary>
    internal long ProcessProfit(long pageSize) => Counts.ProcessProfit(pageSize) + (Process.KsmZeroPages * pageSize);
}
