using System.Diagnostics;

namespace FastKsm.Swapping;

/// <summary>What is left in the slot of a folio that was evicted, to tell a refault: <c>[62..27] age  [26..11] group 
/// [10..1] node
/// [0] workingset</c>. A layout that keeps fewer bits drops the upper ones of each.</summary>
/// <param name="Value">The 63 bits; 0 for no shadow.</param>
internal readonly record struct SwapShadow(ulong Value)
{
    private const int NodeShift = 1;
    private const int GroupShift = 11;
    private const int AgeShift = 27;

    /// <param name="age">Non-resident age of the group, in the layout's unit; 36 bits at most.</param>
    /// <param name="group">Group that evicted; 0 for none.</param>
    /// <param name="node">NUMA node of the frame; ten bits.</param>
    /// <param name="wasWorkingset">Whether the folio was part of the working set.</param>
    internal SwapShadow(ulong age, ushort group, int node, bool wasWorkingset)
        : this((age << AgeShift)
            | ((ulong)group << GroupShift)
            | ((ulong)(uint)node << NodeShift)
            | (wasWorkingset ? 1UL : 0)) =>
        Debug.Assert(age < 1UL << 36 && node is >= 0 and < 1 << 10, "A part of the shadow is too wide.");

    /// <summary>Nothing is known of the eviction.</summary>
    internal static SwapShadow None => default;

    /// <summary>Non-resident age of the group at eviction.</summary>
    internal ulong Age => Value >> AgeShift;

    /// <summary>Group that evicted.</summary>
    internal ushort Group => (ushort)(Value >> GroupShift);

    /// <summary>NUMA node of the frame.</summary>
    internal int Node => (int)(Value >> NodeShift) & 0x3ff;

    /// <summary>Whether the folio was part of the working set.</summary>
    internal bool WasWorkingset => (Value & 1) != 0;
}
