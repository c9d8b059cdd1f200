using System.Runtime.InteropServices;

namespace FastKsm;

/// <summary>What came of an access to memory: 32 bytes, no exception, nothing on the managed heap.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Access
{
    /// <summary>How it ended. The other members say what happened until then.</summary>
    public AccessStatus Status { get; init; }

    /// <summary>
    /// Where it ended: one past the last byte when it is done (the address asked for, of a touch), else where it
    /// failed.
    /// </summary>
    public ulong Address { get; init; }

    /// <summary>Frame of the last page that was accessed; none if there was none.</summary>
    public Pfn Frame { get; init; }

    /// <summary>What the last page fault did; <see cref="Fault.None"/> when there was no fault.</summary>
    public Fault Fault { get; init; }

    /// <summary>
    /// Page faults that the access took. A page can take more than one, when another CPU changes it meanwhile.
    /// </summary>
    public int Faults { get; init; }

    /// <summary>
    /// Cycles that the CPU's clock went on by, by the cost model (<see cref="TlbOptions.Costs"/>): the walk
    /// of the page table, and flushes that the faults took. 0 when the TLB had the page. Not the rest of a fault, nor moving the bytes.
    /// </summary>
    public long Cycles { get; init; }
}
