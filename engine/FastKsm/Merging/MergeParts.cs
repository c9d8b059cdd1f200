using System;
using FastKsm.Diagnostics;
using FastKsm.Memory;
using FastKsm.ReverseMapping;

namespace FastKsm.Merging;

/// <summary>What the indexes of merging work on.</summary>
/// <param name="Frames">Page frames.</param>
/// <param name="AnonVmas">anon_vmas, which merged items hold.</param>
/// <param name="Items">The rmap items.</param>
/// <param name="Counters">Counters.</param>
/// <param name="Knobs">Settings.</param>
/// <param name="Nodes">Which tree a frame belongs to.</param>
/// <param name="Clock">Model time.</param>
/// <param name="Faults">Asked at every allocation.</param>
/// <param name="Events">Receives events.</param>
/// <param name="BorrowPage">Borrows the frame of an item's page if it may merge still; none if not.</param>
internal sealed record MergeParts(
    PhysicalMemory Frames,
    AnonVmaTable AnonVmas,
    RmapItemTable Items,
    MergeCounters Counters,
    MergeKnobs Knobs,
    MergeNodes Nodes,
    TimeProvider Clock,
    AllocationFaults Faults,
    KsmEventQueue Events,
    Func<uint, Pfn> BorrowPage)
{
    /// <summary>CPU on which ksmd runs.</summary>
    internal int Cpu { get; init; }

    /// <summary>
    /// Whether an item forgets its checksum, age and skips while it is merged, as if the page index lay over them.
    /// </summary>
    internal bool IndexOverlaysChecksum { get; init; }
}
