using System.Runtime.InteropServices;

namespace FastKsm.ReverseMapping;

/// <summary>One anon_vma: the name under which the anonymous pages of a family of VMAs are found. 56 bytes.</summary>
/// <remarks>
/// Thread safety: the counts under the table's latch; <see cref="Intervals"/> under the structure latch of the family;
/// <see cref="Root"/> and <see cref="Parent"/> never change.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct AnonVma
{
    /// <summary>anon_vma of the VMA that this one's first VMA was forked from; a root is its own parent.</summary>
    internal uint Parent;

    /// <summary>Oldest ancestor; a root is its own root.</summary>
    internal uint Root;

    /// <summary>
    /// Zero exactly while the record is free: one for having intervals, one for each descendant not yet freed (roots only),
    /// one for each merged item that names it, one for each walk that needs it to stay.
    /// </summary>
    internal int References;

    /// <summary>anon_vmas with intervals whose parent this is; a root with intervals counts itself.</summary>
    internal int Children;

    /// <summary>VMAs whose own anon_vma this is.</summary>
    internal int Active;

    /// <summary>Of a root: not 0 once the family's range lock is striped by page index; it stays so.</summary>
    internal int Striped;

    /// <summary>Intervals of the VMAs that may map one of its pages: one for each chain link that names it.</summary>
    internal IntervalRoot Intervals;
}
