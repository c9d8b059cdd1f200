using System.Runtime.InteropServices;

namespace FastKsm.ReverseMapping;

/// <summary>One link of a VMA's chain: the VMA may map pages of this anon_vma, and its interval lies in the anon_vma's index. 12 bytes.</summary>
/// <remarks>Thread safety: changed under a sole hold of the family's locks, and under the mm lock.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct AnonVmaLink
{
    /// <summary>Next link of the same VMA, older than this one; 0 ends the chain.</summary>
    internal uint Next;

    /// <summary>The anon_vma.</summary>
    internal uint AnonVma;

    /// <summary>Sequence number of the VMA's interval: with its start, where it lies in the index.</summary>
    internal uint Sequence;
}
