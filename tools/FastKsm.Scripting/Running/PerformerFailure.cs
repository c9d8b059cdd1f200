namespace FastKsm.Scripting.Running;

/// <summary>Why a performer did not do what a script asked for.</summary>
public enum PerformerFailure
{
    /// <summary>Refused as Linux refuses it, with an error number or a signal.</summary>
    Refused,

    /// <summary>Frames, swap or the host's memory ran out.</summary>
    Exhausted,

    /// <summary>The performer cannot do this yet.</summary>
    NotImplemented,

    /// <summary>The machine of the script is not one where this can be asked for.</summary>
    Impossible,
}
