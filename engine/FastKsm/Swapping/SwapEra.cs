namespace FastKsm.Swapping;

/// <summary>Which Linux devices behave like, where two differ. What a layout stores is the layout's
/// business.</summary>
internal enum SwapEra
{
    /// <summary>The linux-mm tree of mid 2026: devices have priority -1; a bad page listed twice is refused.</summary>
    Phase4,

    /// <summary>
    /// Linux 6.18: the first device without a priority of its own has -2, the next one -3; a bad page listed twice is
    /// taken,
    /// and taken off the size twice.
    /// </summary>
    Linux618,
}
