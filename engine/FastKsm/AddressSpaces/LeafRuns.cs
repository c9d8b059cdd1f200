namespace FastKsm.AddressSpaces;

/// <summary>The leaves of a range, in order: the walk that every operation over a range makes.</summary>
/// <remarks>
/// Under the mm lock, which keeps leaves from going. Leaves that come while it goes on are met if they lie ahead.
/// </remarks>
internal ref struct LeafRuns
{
    private readonly PageTable _table;
    private readonly ulong _end;
    private ulong _next;

    /// <param name="table">The page table.</param>
    /// <param name="start">First page of the range.</param>
    /// <param name="end">One past its last page.</param>
    internal LeafRuns(PageTable table, ulong start, ulong end)
    {
        _table = table;
        _next = start;
        _end = end;
    }

    /// <summary>The leaf that has been reached.</summary>
    public LeafRun Current { get; private set; }

    /// <summary>Itself, for foreach.</summary>
    public readonly LeafRuns GetEnumerator() => this;

    /// <summary>Goes to the next leaf.</summary>
    /// <returns>False when there is none.</returns>
    public bool MoveNext()
    {
        ulong page = _next;
        uint leaf = _table.FindNext(ref page, _end, out int count);
        if (leaf == 0)
        {
            return false;
        }

        Current = new LeafRun(leaf, page, count);
        _next = page + (uint)count;
        return true;
    }
}
