namespace FastKsm.Scripting.Syntax;

/// <summary>How a <c>remap</c> resizes or moves.</summary>
public sealed record RemapSettings
{
    /// <summary>Pages afterwards; null to keep their number.</summary>
    public ulong? Pages { get; init; }

    /// <summary>MREMAP_MAYMOVE without a place.</summary>
    public bool MayMove { get; init; }

    /// <summary>Moves to the next free place, which the runner chooses (MREMAP_FIXED).</summary>
    public bool Move { get; init; }

    /// <summary>Moves to this place (MREMAP_FIXED); null for no such wish.</summary>
    public Target? To { get; init; }

    /// <summary>MREMAP_DONTUNMAP.</summary>
    public bool DontUnmap { get; init; }

    /// <summary>Name of the moved pages; null where the region keeps its name.</summary>
    public Name? As { get; init; }
}
