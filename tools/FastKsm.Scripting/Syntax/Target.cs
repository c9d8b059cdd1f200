namespace FastKsm.Scripting.Syntax;

/// <summary>Where a mapping goes: an address, a page of a region (or behind its end), or wherever the performer likes.</summary>
/// <param name="Address">The address, in bytes; null if it is given otherwise.</param>
/// <param name="Place">The page; null if it is given otherwise.</param>
public sealed record Target(ulong? Address, PagePlace? Place)
{
    /// <summary>Wherever the performer likes: <c>at=any</c>.</summary>
    public static Target Any { get; } = new(null, null);
}
