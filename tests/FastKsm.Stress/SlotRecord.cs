namespace FastKsm.Stress;

/// <summary>What the one thread that writes a slot tells the others of it. Stamps of a slot only grow.</summary>
/// <remarks>
/// Written between <see cref="Begun"/> and <see cref="Done"/>: who finds both equal around a read knows the value.
/// </remarks>
internal struct SlotRecord
{
    /// <summary>Stamp of the last write that has begun.</summary>
    internal long Begun;

    /// <summary>Stamp of the last write that is over.</summary>
    internal long Done;

    /// <summary>First word of it.</summary>
    internal ulong Value;

    /// <summary>Number of the page's last emptying before it; -1 if one went on beside it.</summary>
    internal int ZeroAt;

    /// <summary>Number of the last emptying that had begun when it was over: a later one empties the slot.</summary>
    internal int WrittenAt;
}
