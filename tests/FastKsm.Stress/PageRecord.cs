namespace FastKsm.Stress;

/// <summary>How often the thread that owns a page's block has emptied the page.</summary>
internal struct PageRecord
{
    /// <summary>Emptyings begun.</summary>
    internal int ZeroBegun;

    /// <summary>Emptyings that are over.</summary>
    internal int ZeroDone;

    /// <summary>The last one that is over and does not only offer the page, as MADV_FREE does.</summary>
    internal int HardDone;

    /// <summary>
    /// Whether the page may go at any time: it was offered, and its block's owner has not written it since.
    /// </summary>
    internal int Lazy;
}
