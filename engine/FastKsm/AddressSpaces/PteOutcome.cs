namespace FastKsm.AddressSpaces;

/// <summary>What a walk has done at a page.</summary>
internal enum PteOutcome
{
    /// <summary>Nothing: the page does not map the frame, or has no such entry.</summary>
    NotMapped,

    /// <summary>What it was sent for.</summary>
    Done,

    /// <summary>Nothing: somebody has borrowed the frame.</summary>
    Refused,
}
