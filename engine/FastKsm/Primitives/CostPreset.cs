namespace FastKsm;

/// <summary>What the cost model takes TLB misses, invalidations and interrupts to cost.</summary>
public enum CostPreset
{
    /// <summary>A two-socket Xeon of 2015 to 2020 without a hypervisor.</summary>
    BareMetal,

    /// <summary>A guest with page-table isolation.</summary>
    VirtualMachine,
}
