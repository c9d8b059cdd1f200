namespace FastKsm.Cli.Evaluation;

/// <summary>The answer of an evaluation in one word.</summary>
internal enum VerdictKind
{
    /// <summary>Merging would save something worth having.</summary>
    WorthIt,

    /// <summary>It would not, or too little.</summary>
    NotWorthIt,

    /// <summary>KSM runs on this host and costs more than it gives.</summary>
    SwitchOff,
}
