namespace FastKsm;

/// <summary>What same-page merging remembers about a page that leaves the stable tree.</summary>
/// <remarks>Neither changes what a page costs: 64 bytes in the profit formulas, as in Linux's records of either kind.</remarks>
public enum ItemOverlay
{
    /// <summary>Linux 6.18: checksum, age and skips of a page stay while it is merged, so a page with its old content merges again at once.</summary>
    Linux618 = 0,

    /// <summary>
    /// Linux's memory-management tree of mid 2026: the linear page index takes their place while the page is merged, and they begin
    /// at 0 afterwards. Smart scan skips no page that counts as merged still.
    /// </summary>
    Linux2026,
}
