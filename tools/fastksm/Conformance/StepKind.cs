namespace FastKsm.Cli.Conformance;

/// <summary>What kind of end an operation came to on one side.</summary>
internal enum StepKind
{
    /// <summary>Performed, or checked and found true.</summary>
    Done,

    /// <summary>Refused as Linux refuses it.</summary>
    Refused,

    /// <summary>A check that did not hold.</summary>
    CheckFailed,

    /// <summary>This side cannot do it.</summary>
    Impossible,

    /// <summary>Frames or memory ran out.</summary>
    Exhausted,

    /// <summary>It names what is not there.</summary>
    Bad,

    /// <summary>The side failed in a way that it should not.</summary>
    Broken,
}
