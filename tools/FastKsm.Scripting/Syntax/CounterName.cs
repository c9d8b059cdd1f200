namespace FastKsm.Scripting.Syntax;

/// <summary>A counter by Linux's name: of the machine, of a process (<c>A.ksm_merging_pages</c>), of a region's VMAs (<c>A.heap.KSM</c>).</summary>
/// <param name="Process">The process; null for a counter of the machine.</param>
/// <param name="Region">The region; null for one of the machine or of a whole process.</param>
/// <param name="Counter">The counter, as sysfs, vmstat, ksm_stat, status or smaps call it.</param>
public sealed record CounterName(Name? Process, Name? Region, string Counter)
{
    /// <inheritdoc/>
    public override string ToString() => (Process, Region) switch
    {
        ({ } process, { } region) => $"{process}.{region}.{Counter}",
        ({ } process, null) => $"{process}.{Counter}",
        _ => Counter,
    };
}
