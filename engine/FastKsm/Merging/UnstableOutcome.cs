namespace FastKsm.Merging;

/// <summary>How a search of the unstable index ended.</summary>
internal enum UnstableOutcome : byte
{
    /// <summary>Nothing equal: the item is in the index now.</summary>
    Inserted,

    /// <summary>Given up: a page on the way could not be had, or was the very same frame. The item is in no index.</summary>
    Aborted,

    /// <summary>An item of equal content was found.</summary>
    Found,
}
