using System.Runtime.InteropServices;

namespace FastKsm.ReverseMapping;

/// <summary>One anon_vma: the name under which the anonymous pages of a family of VMAs are found. 24 bytes.</summary>
/// <remarks>Thread safety: guarded by the table's latch; <see cref="Root"/> and <see cref="Parent"/> never change.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct AnonVma
{
    /// <summary>anon_vma of the VMA that this one's first VMA was forked from; a root is its own parent.</summary>
    internal uint Parent;

    /// <summary>Oldest ancestor; a root is its own root.</summary>
    internal uint Root;

    /// <summary>
    /// Zero exactly while the record is free: one for having links, one for each descendant not yet freed (roots only),
    /// one for each merged item that names it.
    /// </summary>
    internal int References;

    /// <summary>anon_vmas with links whose parent this is; a root with links counts itself.</summary>
    internal int Children;

    /// <summary>VMAs whose own anon_vma this is.</summary>
    internal int Active;

    /// <summary>Chain links that name it: VMAs that may map one of its pages.</summary>
    internal int Links;
}
