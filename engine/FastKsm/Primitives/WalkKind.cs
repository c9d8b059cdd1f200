namespace FastKsm;

/// <summary>What a reverse-map walk is for.</summary>
public enum WalkKind
{
    /// <summary>Asks who has used the frame, and forgets it.</summary>
    Referenced = 0,

    /// <summary>Replaces PTEs by swap entries.</summary>
    Unmap,

    /// <summary>Replaces PTEs by migration entries.</summary>
    Migrate,

    /// <summary>Replaces migration entries by PTEs of the new frame.</summary>
    Restore,
}
