using System.Runtime.InteropServices;

namespace FastKsm.AddressSpaces;

/// <summary>One mapping: a run of pages with the same attributes. 48 bytes.</summary>
/// <remarks>
/// Layout: as declared. Thread safety: changed under the mm lock held alone, but for <see cref="AnonVma"/> and
/// <see cref="Chain"/>, which a first write fault sets under the shared lock through the anon_vma table. Start, end and
/// offset of a VMA with a chain also change only under a sole hold of its family's locks, so a reverse-map walk may read them.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Vma
{
    /// <summary>First page.</summary>
    internal ulong Start;

    /// <summary>One past the last page.</summary>
    internal ulong End;

    /// <summary>Linear page index of the first page.</summary>
    internal ulong PageOffset;

    /// <summary>Attributes.</summary>
    internal VmaFlags Flags;

    /// <summary>Own anon_vma: the one that new anonymous pages go to; 0 before the first write fault.</summary>
    internal uint AnonVma;

    /// <summary>Head of the chain of anon_vmas whose pages may be mapped here.</summary>
    internal uint Chain;

    /// <summary>Backing object; 0 for anonymous memory.</summary>
    internal uint Object;

    /// <summary>NUMA node that new pages should come from; -1 for that of the faulting CPU.</summary>
    internal short Node;

    /// <summary>Id of the address space; the same for the record's whole life.</summary>
    internal uint Space;

    /// <summary>Pages mapped.</summary>
    internal readonly ulong Pages => End - Start;

    /// <summary>Linear index of the last page.</summary>
    internal readonly ulong LastIndex => PageOffset + (End - Start) - 1;

    /// <summary>Whether all these flags are set.</summary>
    internal readonly bool Has(VmaFlags flags) => (Flags & flags) == flags;

    /// <summary>Linear index of a page: stable under split, merge and move, unlike its address.</summary>
    internal readonly ulong IndexOf(ulong page) => PageOffset + (page - Start);
}
