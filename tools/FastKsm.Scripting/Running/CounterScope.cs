namespace FastKsm.Scripting.Running;

/// <summary>What a counter is about.</summary>
public enum CounterScope
{
    /// <summary>The machine: sysfs, vmstat.</summary>
    Machine,

    /// <summary>A process: ksm_stat, status.</summary>
    Process,

    /// <summary>The VMAs of a region: smaps.</summary>
    Region,
}
