namespace FastKsm.ReverseMapping;

/// <summary>The reader has the lock.</summary>
internal readonly struct HeldGuard : IReadGuard
{
    /// <inheritdoc/>
    public bool Holds => true;
}
