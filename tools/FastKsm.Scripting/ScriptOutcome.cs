namespace FastKsm.Scripting;

/// <summary>Why a script ended before its end.</summary>
public enum ScriptOutcome
{
    /// <summary>The text is no script, or it names what is not there.</summary>
    BadScript,

    /// <summary>The script is good, but this performer does not know an operation or counter of it yet.</summary>
    NotImplemented,

    /// <summary>A check failed, or an operation that no check surrounds was refused.</summary>
    ExpectationFailed,

    /// <summary>Frames, swap or the host's memory ran out. The performer is still usable.</summary>
    Exhausted,
}
