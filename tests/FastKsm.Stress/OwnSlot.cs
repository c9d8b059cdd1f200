namespace FastKsm.Stress;

/// <summary>What the thread that writes a slot knows of its words, next to their values.</summary>
internal struct OwnSlot
{
    /// <summary>Words that may be zero instead, by an emptying beside.</summary>
    internal byte MaybeZero;

    /// <summary>Words that this view has not read since the fork that it comes from.</summary>
    internal byte Unknown;

    /// <summary>Number of the last emptying that <see cref="MaybeZero"/> takes into account.</summary>
    internal int ZeroAt;

    /// <summary>Number of the last emptying that had begun when the slot was last written.</summary>
    internal int WrittenAt;

    /// <summary>Stamp that the first word has at least, if it is unknown.</summary>
    internal long Least;

    /// <summary>Stamp that an unknown word has at most.</summary>
    internal long Most;

    /// <summary>Stamp of the last write that was tried.</summary>
    internal long Stamp;
}
