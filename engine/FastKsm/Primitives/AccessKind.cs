namespace FastKsm;

/// <summary>What an access does to a page.</summary>
public enum AccessKind : byte
{
    /// <summary>It reads.</summary>
    Read,

    /// <summary>It writes.</summary>
    Write,
}
