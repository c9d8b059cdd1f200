using System.Runtime.InteropServices;

namespace FastKsm.ReverseMapping;

/// <summary>One link of a VMA's chain: the VMA may map pages of this anon_vma. 8 bytes.</summary>
/// <remarks>Thread safety: guarded by the table's latch.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct AnonVmaLink
{
    /// <summary>Next link of the same VMA, older than this one; 0 ends the chain.</summary>
    internal uint Next;

    /// <summary>The anon_vma.</summary>
    internal uint AnonVma;
}
