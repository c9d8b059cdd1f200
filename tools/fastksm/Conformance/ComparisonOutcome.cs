namespace FastKsm.Cli.Conformance;

/// <summary>What came of a script performed on several sides.</summary>
internal enum ComparisonOutcome
{
    /// <summary>All sides showed the same, to the end.</summary>
    Agrees,

    /// <summary>A side showed something else than another.</summary>
    Differs,

    /// <summary>The sides agreed, and a check of the script failed on all of them.</summary>
    ExpectationFailed,

    /// <summary>An operation cannot be performed on one of the sides: nothing is known of what follows it.</summary>
    Skipped,

    /// <summary>What was seen proves nothing.</summary>
    Inconclusive,

    /// <summary>The script names what is not there.</summary>
    BadScript,
}
