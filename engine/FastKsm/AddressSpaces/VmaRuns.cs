namespace FastKsm.AddressSpaces;

/// <summary>VMAs in order, from one on. While it goes on, no VMA comes or goes.</summary>
internal ref struct VmaRuns
{
    private readonly VmaTree _tree;
    private VmaCursor _next;

    internal VmaRuns(VmaTree tree, VmaCursor first)
    {
        _tree = tree;
        _next = first;
    }

    /// <summary>Id of the VMA that has been reached.</summary>
    public uint Current { get; private set; }

    /// <summary>Itself, for foreach.</summary>
    public readonly VmaRuns GetEnumerator() => this;

    /// <summary>Goes to the next VMA.</summary>
    /// <returns>False when there is none.</returns>
    public bool MoveNext()
    {
        if (!_next.IsSome)
        {
            return false;
        }

        Current = _tree.At(_next);
        _next = _tree.After(_next);
        return true;
    }
}
