namespace FastKsm.Cli.Output;

/// <summary>How much a sentence of the report matters, and so where it stands.</summary>
internal enum NotePriority
{
    /// <summary>Changes how the figures are to be read: before them.</summary>
    Warning,

    /// <summary>Worth knowing: below the figures.</summary>
    Fact,

    /// <summary>What could be asked for next: last, and faint.</summary>
    Hint,
}
