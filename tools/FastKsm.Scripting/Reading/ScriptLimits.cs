namespace FastKsm.Scripting.Reading;

/// <summary>What a script may contain at most, so that no input can exhaust its reader.</summary>
public static class ScriptLimits
{
    /// <summary>Longest script, in bytes.</summary>
    public const int MaxScriptBytes = 64 << 20;

    /// <summary>Longest line that is no comment, in bytes.</summary>
    public const int MaxLineBytes = 16384;

    /// <summary>Most operations.</summary>
    public const int MaxOperations = 1_000_000;

    /// <summary>Most pages of a region, and the first index that no page has.</summary>
    public const ulong MaxPages = 1UL << 36;

    /// <summary>Largest byte offset within a page.</summary>
    public const uint MaxOffset = (2 << 20) - 1;

    /// <summary>Most scans or batches of one operation.</summary>
    public const int MaxScans = 1_000_000;

    /// <summary>Largest number of a CPU or a node.</summary>
    public const int MaxUnit = 4095;
}
