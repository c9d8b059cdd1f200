namespace FastKsm.Scripting.Running;

/// <summary>Bounds of one performance.</summary>
public sealed record ScriptRunnerOptions
{
    /// <summary>Pages that all operations together may touch one by one; more ends the script as exhausted.</summary>
    public long MaxTouchedPages { get; init; } = 1L << 28;

    /// <summary>Scans and batches that all operations together may ask for.</summary>
    public long MaxScans { get; init; } = 1L << 32;
}
