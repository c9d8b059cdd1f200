namespace FastKsm.AddressSpaces;

/// <summary>A range that is to become part of an address space with these attributes, merged with neighbours if it fits.</summary>
internal ref struct Region
{
    /// <summary>First page.</summary>
    internal ulong Start;

    /// <summary>One past the last page.</summary>
    internal ulong End;

    /// <summary>Linear page index of the first page.</summary>
    internal ulong PageOffset;

    /// <summary>Attributes.</summary>
    internal VmaFlags Flags;

    /// <summary>Backing object; 0 for anonymous memory.</summary>
    internal uint Object;

    /// <summary>NUMA node; -1 for none.</summary>
    internal short Node;

    /// <summary>Own anon_vma of the VMA that the range is taken from; 0 for new memory.</summary>
    internal uint AnonVma;

    /// <summary>Chain of that VMA.</summary>
    internal uint Chain;

    /// <summary>Describes a piece of an existing VMA.</summary>
    internal static Region Of(in Vma vma, ulong start, ulong end) => new()
    {
        Start = start,
        End = end,
        PageOffset = vma.IndexOf(start),
        Flags = vma.Flags,
        Object = vma.Object,
        Node = vma.Node,
        AnonVma = vma.AnonVma,
        Chain = vma.Chain,
    };
}
