namespace FastKsm.Cli.Host;

/// <summary>What a trait of the host means for the tool.</summary>
internal enum TraitState
{
    /// <summary>Nothing is lost.</summary>
    Full,

    /// <summary>The host is another kind than most, and the tool allows for it.</summary>
    Differs,

    /// <summary>Something cannot be done.</summary>
    Lacking,
}
